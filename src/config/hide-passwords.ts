/**
 * Removes from a message what may be a password: the part before the @ of a URL or of `user:password@host`, and secret
 * parameters of a URL. The example URLs in our own messages stay as they are.
 */
export function hidePasswords(message: string): string {
  return message
    .replaceAll(/:\/\/(?!\[user:)[^]*@/g, '://…@')
    .replaceAll(/=[^\s:=]*:(?!\/\/)\S*@/g, '=…@')
    .replaceAll(/([?&][^\s=&]*(?:pass|pwd|secret|token|key)[^\s=&]*=)[^\s&]*/gi, '$1…');
}
