/** A text for a person, in both languages the project speaks. */
export interface HintText {
  readonly zh: string;
  readonly en: string;
}

/**
 * What a simulated host could not do: its code, what happened (`message`), and what to do next (`hint`).
 * Codes: `HOST_DATA_DAMAGED`, `HOST_DATA_FAILED`, `HOST_DATA_IN_USE`, `HOST_OPTIONS_INVALID`, `HOST_PORT_IN_USE`.
 */
export class HostSimError extends Error {
  override readonly name = 'HostSimError';
  constructor(
    readonly code: 'HOST_DATA_DAMAGED' | 'HOST_DATA_FAILED' | 'HOST_DATA_IN_USE' | 'HOST_OPTIONS_INVALID' | 'HOST_PORT_IN_USE',
    message: string,
    readonly hint: HintText,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A refusal of what a caller gave: options at start, or a body of the control API. */
export function optionsInvalid(what: string): HostSimError {
  return new HostSimError('HOST_OPTIONS_INVALID', what, {
    zh: '请改正所给的参数后重试',
    en: 'Correct what was given and try again',
  });
}
