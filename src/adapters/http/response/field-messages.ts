import type { FieldIssue } from '../../../domain/input.js';

/** The message for an invalid field (docs/api.md, sections 4, 5 and 9). */
export function fieldMessage(issue: FieldIssue): string {
  switch (issue.code) {
    case 'too_long':
      return `Ensure this field has no more than ${issue.limit} characters.`;
    case 'surrogate':
      return `Surrogate characters are not allowed: U+${issue.codePoint.toString(16).toUpperCase()}.`;
    case 'not_a_choice':
      return `"${textOf(issue.value)}" is not a valid choice.`;
    default:
      return messages[issue.code];
  }
}

const messages = {
  required: 'This field is required.',
  null: 'This field may not be null.',
  not_text: 'Not a valid string.',
  blank: 'This field may not be blank.',
  null_character: 'Null characters are not allowed.',
  username_characters:
    'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
  username_taken: 'A user with that username already exists.',
  password_similar_to_username: 'The password is too similar to the username.',
  password_too_short: 'This password is too short. It must contain at least 8 characters.',
  password_common: 'This password is too common.',
  password_numeric: 'This password is entirely numeric.',
  password_incorrect: 'Your password was entered incorrectly. Please enter it again.',
  link_invalid:
    'This link does not work: it has expired, was used before, or was replaced. Ask for a new one.',
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
