/** What one evaluation of one expression may use, and what a flow may hand on. Counts, not time: every machine and every replay agrees on them. */
export const LIMITS = {
  /** Nodes of the expression evaluated, large values counted as more than one. */
  steps: 100_000,
  /** Evaluations within evaluations. */
  depth: 5_000,
  /** Members of an array that is made, or that a built-in function is given. */
  sequence: 10_000,
  /** UTF-16 units of a string that is made, or that a built-in function is given. */
  string: 262_144,
  /** Units of a value as JSON, roughly; what is held twice counts twice. */
  size: 1_048_576,
  /** Arrays and objects within each other. */
  nesting: 200,
  /** Units of text that regular expressions look through. */
  matched: 4_000_000,
  /** Levels of the expression's syntax tree. */
  tree: 1_000,
  /** UTF-16 units of the expression itself. */
  text: 32_768,
  /** Units as JSON, roughly, of one value that a state hands on, assigns or gives to what it calls. */
  handed: 16_777_216,
  /** Arrays and objects within each other in such a value. */
  handedNesting: 1_000,
  /** Units of all such values between two Tasks or Waits: they are written as one line of the log. */
  handedInAll: 67_108_864,
} as const;

/** The counts of one evaluation. */
export class Budget {
  private stepsLeft: number = LIMITS.steps;
  private matchedLeft: number = LIMITS.matched;

  step(count = 1): void {
    this.stepsLeft -= count;
    if (this.stepsLeft < 0) throw new LimitExceeded(`took more than ${LIMITS.steps} steps.`);
  }

  match(units: number): void {
    this.matchedLeft -= units;
    if (this.matchedLeft < 0) throw new LimitExceeded(`matched regular expressions against more than ${LIMITS.matched} characters.`);
  }
}

/** An expression used more than it may; the message stands behind "The JSONata expression ... specified for the field ...". */
export class LimitExceeded extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LimitExceeded';
  }
}

export const checkString = (length: number): void => {
  if (length > LIMITS.string) throw new LimitExceeded(`made a string of more than ${LIMITS.string} characters.`);
};

export const checkSequence = (length: number): void => {
  if (length > LIMITS.sequence) throw new LimitExceeded(`made an array of more than ${LIMITS.sequence} members.`);
};
