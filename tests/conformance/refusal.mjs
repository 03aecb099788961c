// What a receiver says no with: a code of Spec §14.2.

export class Refusal extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}
