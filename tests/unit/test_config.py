"""Options: where they come from, which counts, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.config import CONFIG_FILE, Settings, join_address, load, split_address
from node.errors import ConfigError


def test_without_any_option_the_defaults_hold(tmp_path: Path) -> None:
    assert Settings(tmp_path) == load(tmp_path, {}, {})


def test_a_flag_counts_more_than_the_environment_and_that_more_than_the_file(
    tmp_path: Path,
) -> None:
    (tmp_path / CONFIG_FILE).write_text("peer_port = 1\nweb_port = 1\nlan = false\n")
    environment = {"OPENHOUSE_PEER_PORT": "2", "OPENHOUSE_WEB_PORT": "2"}

    settings = load(tmp_path, {"peer_port": 3, "lan": None}, environment)

    assert Settings(tmp_path, peer_port=3, web_port=2, lan=False) == settings


def test_every_option_can_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(
        'peer_host = "192.0.2.7"\npeer_port = 0\nweb_host = "::1"\nweb_port = 8000\n'
        'web_names = ["home.example"]\nlan = false\nmap_port = true\n'
        'advertise = ["home.example:7470", "[2001:db8::1]:80"]\n'
        'records_per_second = "none"\nlog_level = "debug"\n'
    )

    assert load(tmp_path, {}, {}) == Settings(
        tmp_path,
        peer_host="192.0.2.7",
        peer_port=0,
        web_host="::1",
        web_port=8000,
        web_names=("home.example",),
        lan=False,
        map_port=True,
        advertise=("home.example:7470", "[2001:db8::1]:80"),
        records_per_second=None,
        log_level="debug",
    )


def test_every_option_can_stand_in_the_environment(tmp_path: Path) -> None:
    environment = {
        "OPENHOUSE_PEER_HOST": "0.0.0.0",
        "OPENHOUSE_WEB_NAMES": "home.example, other.example",
        "OPENHOUSE_LAN": "0",
        "OPENHOUSE_ADVERTISE": "home.example:7470",
        "OPENHOUSE_RECORDS_PER_SECOND": "70",
        "OPENHOUSE_LOG_LEVEL": "error",
        "OPENHOUSE_SOMETHING_ELSE": "belongs to another program",
        "OPENHOUSE_WEB_PORT": "",
    }

    assert load(tmp_path, {}, environment) == Settings(
        tmp_path,
        peer_host="0.0.0.0",
        web_names=("home.example", "other.example"),
        lan=False,
        advertise=("home.example:7470",),
        records_per_second=70,
        log_level="error",
    )


def test_the_data_directory_comes_from_flag_environment_or_system(tmp_path: Path) -> None:
    environment = {"OPENHOUSE_HOME": str(tmp_path)}

    assert tmp_path / "a" == load(tmp_path / "a", {}, environment).home
    assert tmp_path == load(None, {}, environment).home
    assert "openhouse" in str(load(None, {}, {}).home)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("peer_prot = 1", "“peer_prot” in .* is no option; options are: peer_host, peer_port, "),
        ("peer_port = 70000", "“peer_port” in .* is 70000; it must be a whole number from 0 to"),
        ('peer_port = "7470"', "it must be a whole number from 0 to 65535"),
        ("peer_port = true", "it must be a whole number from 0 to 65535"),
        ("lan = 1", "“lan” in .* is 1; it must be true or false"),
        ('peer_host = "house"', "it must be an IP address of this computer"),
        ("web_host = 7", "it must be an IP address of this computer"),
        ('advertise = "house:1"', 'it must be a list of at most 4 addresses "host:port"'),
        ('advertise = ["house"]', 'it must be a list of at most 4 addresses "host:port"'),
        ('web_names = ["a b"]', "it must be a list of at most 16 host names"),
        ("web_names = 3", "it must be a list of at most 16 host names"),
        ("records_per_second = 0", 'it must be a whole number from 1 to 1000000, or "none"'),
        ('log_level = "loud"', "it must be one of debug, info, warning, error"),
        ("peer_port = ", "is not a TOML file"),
        ('peer_host = "\\ud800"', "is not a TOML file"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_what_is_possible(
    line: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / CONFIG_FILE).write_text(line)

    with pytest.raises(ConfigError, match=sentence):
        load(tmp_path, {}, {})


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match="is not a TOML file"):
        load(tmp_path, {}, {})


def test_a_directory_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).mkdir()

    with pytest.raises(ConfigError, match=r"config.toml cannot be read: Is a directory\."):
        load(tmp_path, {}, {})


def test_what_is_wrong_elsewhere_is_named_by_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="OPENHOUSE_PEER_PORT is 'many'; it must be"):
        load(tmp_path, {}, {"OPENHOUSE_PEER_PORT": "many"})
    with pytest.raises(ConfigError, match="OPENHOUSE_LAN is 'maybe'; it must be true or false"):
        load(tmp_path, {}, {"OPENHOUSE_LAN": "maybe"})
    with pytest.raises(ConfigError, match="--web-port is -1; it must be"):
        load(tmp_path, {"web_port": -1}, {})


def test_a_long_wrong_value_is_not_repeated_in_full(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {}, {"OPENHOUSE_LOG_LEVEL": "x" * 10_000})

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("home.example:7470", ("home.example", 7470)),
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("[2001:db8::1]:65535", ("2001:db8::1", 65535)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
        ("home.example", None),
        ("home.example:", None),
        ("home.example:0", None),
        ("home.example:65536", None),
        ("home.example:123456", None),
        ("home.example:٣", None),
        (":7470", None),
        ("2001:db8::1:7470", None),
        ("[home.example]:1", None),
        ("user@home.example:1", None),
        ("home.example/path:1", None),
        ("", None),
    ],
)
def test_addresses_are_a_host_and_a_port_and_nothing_else(
    address: str, expected: tuple[str, int] | None
) -> None:
    assert expected == split_address(address)
    if expected is not None:
        assert address == join_address(*expected)
