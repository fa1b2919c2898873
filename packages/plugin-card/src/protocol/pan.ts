/** First 6 and last 4: the most of a card number (PAN, DE 2) that may be shown or kept. Shorter ones show less. */
export const maskPan = (pan: string): string =>
  pan.length < 13 ? '*'.repeat(pan.length) : `${pan.slice(0, 6)}${'*'.repeat(pan.length - 10)}${pan.slice(-4)}`;

/** 13 to 19 digits whose last is the check digit (ISO/IEC 7812-1, annex B). */
export const luhnValid = (pan: string): boolean => {
  if (!/^\d{13,19}$/.test(pan)) return false;
  let sum = 0;
  for (let index = 0; index < pan.length; index += 1) {
    const digit = Number(pan[pan.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
};
