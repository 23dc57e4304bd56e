/** Operators of this L1's validators, made through the product's own steps, with validator keys kept outside of it. */
import { SecretKey } from '@chainsafe/blst'
import type { L1Reads } from '../../../src/l1/reads.ts'
import {
  createL1Client,
  createOwner,
  findContracts,
  type OperatorContracts,
} from '../../../src/preconf/operator.ts'
import { type Claim, claimValidators, optIn, register } from '../../../src/preconf/optIn.ts'
import { parseRegistrations, requestRegistrations } from '../../../src/preconf/registrationFile.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import type { PosL1 } from './startPosL1.ts'

export type TestOperator = {
  readonly root: Hash
  readonly owner: Address
  readonly validators: readonly number[]
}

/** Slots begun while one thing is waited for, at most. */
const SLOTS_MAX = 400

/** Lets L1 go on until `work` is done: whoever waits for a receipt would wait forever on an L1 driven by hand. */
export async function withSlots<T>(l1: PosL1, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = () => {
    isDone = true
  }
  work.then(done, done)
  for (let slots = 0; !isDone; slots++) {
    if (slots === SLOTS_MAX) throw new Error(`not done after ${SLOTS_MAX} slots`)
    await l1.nextSlot()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return work
}

/** Signs what `plumbline preconf request` prints, as a validator's signer would. */
export function signRequests(
  l1: PosL1,
  asked: Awaited<ReturnType<typeof requestRegistrations>>,
): { readonly owner: Address; readonly registrations: readonly object[] } {
  const secrets = new Map<Hex, Uint8Array>()
  for (let index = 0; index < l1.validators; index++) {
    const { publicKey, secretKey } = l1.validatorKey(index)
    secrets.set(publicKey, secretKey)
  }
  return {
    owner: asked.owner,
    registrations: asked.requests.map(({ pubkey, nonce, signing_root }) => {
      const secret = secrets.get(pubkey)
      if (secret === undefined) throw new Error(`${pubkey} is no validator's`)
      const signature = SecretKey.fromBytes(secret).sign(hexToBytes(signing_root))
      return { pubkey, nonce, signature: bytesToHex(signature.toBytes()) }
    }),
  }
}

/** Registers, waits out the fraud window, opts in, and claims the validators. */
export async function optInOperator(
  l1: PosL1,
  reads: Pick<L1Reads, 'askBeacons'>,
  input: {
    readonly inbox: Address
    readonly ownerKey: Hex
    readonly committer: Address
    readonly validators: readonly number[]
  },
): Promise<TestOperator> {
  const client = createL1Client(l1.executionUrl)
  const contracts: OperatorContracts = await findContracts(client, input.inbox)
  const owner = await createOwner(client, l1.executionUrl, input.ownerKey)
  const pubkeys = input.validators.map((index) => l1.validatorKey(index).publicKey)
  const asked = await requestRegistrations(client, contracts, { owner: owner.address, pubkeys })
  const registrations = parseRegistrations(signRequests(l1, asked))
  const { root } = await withSlots(l1, register(client, contracts, { owner, registrations }))
  await l1.nextSlot(5)
  await withSlots(l1, optIn(client, contracts, { owner, root, committer: input.committer }))
  await withSlots(l1, collect(claimValidators(client, reads, contracts, { owner, root, registrations })))
  return { root, owner: owner.address, validators: input.validators }
}

async function collect(claims: AsyncGenerator<Claim>): Promise<readonly Claim[]> {
  const all: Claim[] = []
  for await (const claim of claims) all.push(claim)
  return all
}
