"""What every implementation of Open House must agree on: pure, without I/O, clock or chance."""
