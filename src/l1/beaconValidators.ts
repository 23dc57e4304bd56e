/** Which validator has a key. `GET /eth/v1/beacon/states/{state_id}/validators/{validator_id}` */
import type { Hex } from '../primitives/hex.ts'
import { readData, readUint64 } from './beaconJson.ts'
import type { HttpSource } from './httpSource.ts'
import { readHex, readObject } from './rpcJson.ts'
import { check } from './wrongData.ts'

/** Index of the validator with that compressed public key in the head's state; null where there is none. */
export async function readValidatorIndex(
  source: HttpSource,
  pubkey: Hex,
  signal?: AbortSignal,
): Promise<bigint | null> {
  const json = await source.getJson(`/eth/v1/beacon/states/head/validators/${pubkey}`, signal)
  if (json === null) return null
  const found = readObject(readData(json), 'the validator')
  const validator = readObject(found.validator, 'the validator')
  check(
    readHex(validator.pubkey, 'the public key', 48) === pubkey,
    `the validator given for the key ${pubkey} has another key`,
  )
  return readUint64(found.index, 'the index of the validator')
}
