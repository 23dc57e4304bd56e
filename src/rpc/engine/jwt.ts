/**
 * Who may use the engine API: whoever holds the secret. HS256 and nothing else, `iat` within a minute of now, other claims ignored.
 * https://github.com/ethereum/execution-apis/blob/033ca6e/src/engine/authentication.md
 */
import { errors, jwtVerify, SignJWT } from 'jose'
import { hexToBytes } from '../../primitives/hex.ts'

/** Seconds. */
const IAT_TOLERANCE = 60
const SECRET_BYTES = 32
/** A token of a consensus client has about 150 bytes. */
const HEADER_LENGTH_MAX = 8192

export type JwtCheck =
  | { readonly type: 'accepted' }
  /** The sentence goes into the answer, status 401. */
  | { readonly type: 'refused'; readonly reason: string }

/**
 * @param header Value of `Authorization`.
 * @param secret 32 bytes, see `parseJwtSecret`.
 * @param now Seconds since the Unix epoch.
 */
export async function checkEngineJwt(
  header: string | undefined,
  secret: Uint8Array,
  now: number,
): Promise<JwtCheck> {
  const token =
    header !== undefined && header.length <= HEADER_LENGTH_MAX
      ? /^Bearer (\S+)$/i.exec(header)?.[1]
      : undefined
  if (token === undefined)
    return { type: 'refused', reason: 'missing token: Authorization: Bearer <token> wanted' }
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ['HS256'],
      // Of `exp` and `nbf`, where somebody sets them.
      currentDate: new Date(now * 1000),
      clockTolerance: IAT_TOLERANCE,
    })
    const { iat } = payload
    if (typeof iat !== 'number' || !Number.isFinite(iat))
      return { type: 'refused', reason: 'missing issued-at (iat)' }
    if (Math.abs(now - iat) > IAT_TOLERANCE)
      return { type: 'refused', reason: `stale token: iat must be within ${IAT_TOLERANCE} s of now` }
    return { type: 'accepted' }
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    return { type: 'refused', reason: 'invalid token' }
  }
}

/** A token that is good for a minute, `Bearer ` before it. @param now Seconds since the Unix epoch. */
export async function signEngineJwt(secret: Uint8Array, now: number): Promise<string> {
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(now)
    .sign(secret)
  return `Bearer ${token}`
}

/** Content of a `jwt.hex` file: 32 bytes in hex, with or without 0x. RangeError for anything else. */
export function parseJwtSecret(text: string): Uint8Array {
  const digits = text.trim().replace(/^0x/, '')
  if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length !== 2 * SECRET_BYTES)
    throw new RangeError(`a JWT secret of ${SECRET_BYTES} bytes in hex wanted`)
  return hexToBytes(`0x${digits}`)
}
