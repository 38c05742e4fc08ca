import { nearestWord } from './nearest-word.js';

/**
 * A message for each variable of the environment that is not a setting, but nearly one: in another case, with another
 * number of `_`, or with one or two wrong letters.
 */
export function misspeltNames(
  environment: Readonly<Record<string, string | undefined>>,
  ours: readonly string[],
): string[] {
  return Object.keys(environment).flatMap((name) => {
    const meant = ours.includes(name) ? undefined : nearestWord(name.toUpperCase(), ours);
    return meant === undefined ? [] : [`${name} is not a setting. Did you mean ${meant}?`];
  });
}
