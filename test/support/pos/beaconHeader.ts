/** Beacon block headers as the Beacon API gives them: their root, and whether their proposer signed them. */
import { PublicKey, Signature, verify } from '@chainsafe/blst'
import { type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { hashPair, merkleRoot, packUint64s } from './merkle.ts'
import type { PosL1 } from './startPosL1.ts'

export type BeaconHeader = {
  readonly root: Hash
  readonly canonical: boolean
  readonly header: {
    readonly message: {
      readonly slot: string
      readonly proposer_index: string
      readonly parent_root: Hash
      readonly state_root: Hash
      readonly body_root: Hash
    }
    readonly signature: Hex
  }
}

export async function readHeader(l1: PosL1, id: string | number): Promise<BeaconHeader> {
  const { data } = (await l1.beacon(`/eth/v1/beacon/headers/${id}`)) as { data: BeaconHeader }
  return data
}

/** Root of a block, which is that of its header. */
export function headerRoot({ header: { message } }: BeaconHeader): Uint8Array {
  return merkleRoot([
    ...packUint64s([Number(message.slot)]),
    ...packUint64s([Number(message.proposer_index)]),
    hexToBytes(message.parent_root),
    hexToBytes(message.state_root),
    hexToBytes(message.body_root),
  ])
}

/** DOMAIN_BEACON_PROPOSER of the phase 0 specification, with Fulu's version. */
const PROPOSER_DOMAIN_TYPE = new Uint8Array(4)

export async function isSignedBy(l1: PosL1, header: BeaconHeader, publicKey: Hex): Promise<boolean> {
  const genesis = (await l1.beacon('/eth/v1/beacon/genesis')) as { data: { genesis_validators_root: Hash } }
  const spec = (await l1.beacon('/eth/v1/config/spec')) as { data: { FULU_FORK_VERSION: Hex } }
  const version = new Uint8Array(32)
  version.set(hexToBytes(spec.data.FULU_FORK_VERSION))
  const forkDataRoot = hashPair(version, hexToBytes(genesis.data.genesis_validators_root))
  const domain = Buffer.concat([PROPOSER_DOMAIN_TYPE, forkDataRoot.subarray(0, 28)])
  return verify(
    hashPair(headerRoot(header), domain),
    PublicKey.fromBytes(hexToBytes(publicKey)),
    Signature.fromBytes(hexToBytes(header.header.signature)),
  )
}
