/**
 * A sentence as it may be shown, without what may be a password: what stands before the @ of a URL, or of a value
 * `user:password@host`, and what a URL gives as a parameter. What a URL looks like in our own texts stays.
 */
export function hidePasswords(sentence: string): string {
  return sentence
    .replaceAll(/:\/\/(?!\[user:)[^]*@/g, '://…@')
    .replaceAll(/=[^\s:=]*:(?!\/\/)\S*@/g, '=…@')
    .replaceAll(/([?&][^\s=&]*(?:pass|pwd|secret|token|key)[^\s=&]*=)[^\s&]*/gi, '$1…');
}
