// Spec §9.5: commitments to an e-mail address and a phone number.

import { argon2id } from "./argon2.mjs";
import { hex, unhex } from "./keys.mjs";

const spelled = {
  "e-mail": (text) => text.trim().toLowerCase(),
  phone: (text) => text.replace(/[^+0-9]/g, "").replace(/^00/, "+"),
};

const made = {}; // it takes half a second each, on purpose

export function commit({ house, contact, text }) {
  const word = spelled[contact](text);
  if (word === "") return { spelled: word, commitment: "" };
  const name = `${contact}\0${word}`;
  const known = house + name;
  made[known] ??= hex(argon2id(Buffer.from(name), unhex(house), { kib: 19 * 1024, passes: 2, length: 32 }));
  return { spelled: word, commitment: made[known] };
}
