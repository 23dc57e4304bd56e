/** Keeps secrets out of what is printed: providers' URLs carry passwords, tokens and keys in their user part, path and query. */

const URL_PATTERN = /\b(https?|wss?):\/\/[^\s"'<>\\]+/g
/** A path segment this long that is no number, hash or word is taken for a key. Characters. */
const KEY_LENGTH_MIN = 16

/** Every URL in `text` without its credentials. */
export function redactUrls(text: string): string {
  return text.replace(URL_PATTERN, redactUrl)
}

function redactUrl(url: string): string {
  const [, scheme, authority, path, query] = /^(\w+:\/\/)([^/?#]*)([^?#]*)(.*)$/.exec(url) ?? []
  if (scheme === undefined || authority === undefined || path === undefined) return '[url]'
  const host = authority.includes('@') ? `***@${authority.slice(authority.lastIndexOf('@') + 1)}` : authority
  const segments = path.split('/').map((segment) => (isKey(segment) ? '***' : segment))
  return `${scheme}${host}${segments.join('/')}${redactQuery(query ?? '')}`
}

/** Versioned hashes are public and worth reading; every other value may be a token. */
function redactQuery(query: string): string {
  return query.replace(/=([^&#]*)/g, (_, value: string) =>
    /^0x[0-9a-f,x]*$/i.test(value) ? `=${value}` : '=***',
  )
}

function isKey(segment: string): boolean {
  return segment.length >= KEY_LENGTH_MIN && !/^0x[0-9a-f]+$/i.test(segment) && !/^[a-z_]+$/.test(segment)
}
