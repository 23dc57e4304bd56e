/** A wallet: an L2 account that sends transactions and asks for promises over RPC, and checks what it is answered. */
import { recoverAddress } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { type CommitmentRequest, commitmentRoot, requestHash } from '../../../src/promise/commitment.ts'
import { PROMISE_NONCE, type PromiseDomain } from '../../../src/promise/domain.ts'
import { signingRoot } from '../../../src/promise/signingRoot.ts'
import {
  decodeTransactionExecution,
  EXECUTION_TYPE,
  encodeTransactionRequest,
  INCLUSION_TYPE,
  type TransactionExecution,
} from '../../../src/promise/transactionPromise.ts'
import { rpc } from '../e2e.ts'

export type Promised = {
  readonly transactionHash: Hash
  readonly signer: Address
  /** Of a promise of execution. */
  readonly execution?: TransactionExecution
  readonly receipt?: { readonly status: Hex; readonly transactionHash: Hash }
}

export type Refused = { readonly status: number; readonly error: string; readonly message: string }

export type PromiseAnswer =
  | { readonly type: 'promised'; readonly promise: Promised }
  | { readonly type: 'refused'; readonly refusal: Refused }

export type Wallet = {
  readonly address: Address
  /** The next transaction, signed: nonces go up by one with each. */
  sign(): Promise<Uint8Array>
  /** Takes the last one back: it was refused. */
  unsign(): void
  hashOf(raw: Uint8Array): Hash
  send(url: string): Promise<Hash>
  ask(
    url: string,
    raw: Uint8Array,
    what: { readonly slot: number; readonly execution: boolean },
  ): Promise<PromiseAnswer>
}

const SINK: Address = `0x${'5e'.repeat(20)}`
const GWEI = 10n ** 9n

export function createWallet(
  account: PrivateKeyAccount,
  chain: { readonly l2ChainId: bigint; readonly domain: PromiseDomain },
): Wallet {
  let nonce = 0
  const sign = async () =>
    hexToBytes(
      await account.signTransaction({
        type: 'eip1559',
        chainId: Number(chain.l2ChainId),
        nonce: nonce++,
        to: SINK,
        value: 1n,
        gas: 21_000n,
        maxFeePerGas: 10n * GWEI,
        maxPriorityFeePerGas: GWEI,
      }),
    )
  return {
    address: account.address.toLowerCase() as Address,
    sign,
    hashOf: keccak256Hex,
    unsign() {
      nonce--
    },
    async send(url) {
      return rpc<Hash>(url, 'eth_sendRawTransaction', [bytesToHex(await sign())])
    },
    ask: (url, raw, { slot, execution }) => askForPromise(url, chain.domain, raw, BigInt(slot), execution),
  }
}

type AnswerJson = {
  readonly commitment: {
    readonly commitment_type: number
    readonly payload: Hex
    readonly request_hash: Hash
    readonly slasher: Address
  }
  readonly nonce: number
  readonly signing_id: Hash
  readonly signature: Hex
  readonly receipt?: Promised['receipt']
}

export function requestOf(
  domain: Pick<PromiseDomain, 'slasher'>,
  raw: Uint8Array,
  slot: bigint,
  execution: boolean,
): CommitmentRequest {
  return {
    commitmentType: execution ? EXECUTION_TYPE : INCLUSION_TYPE,
    payload: bytesToHex(encodeTransactionRequest({ slot, transaction: raw })),
    slasher: domain.slasher,
  }
}

async function askForPromise(
  url: string,
  domain: PromiseDomain,
  raw: Uint8Array,
  slot: bigint,
  execution: boolean,
): Promise<PromiseAnswer> {
  const request = requestOf(domain, raw, slot, execution)
  const response = await fetch(new URL('/commitments/v0/gateway/commitmentRequest', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      commitment_type: Number(request.commitmentType),
      payload: request.payload,
      slasher: request.slasher,
    }),
  })
  if (!response.ok) {
    const { error, message } = (await response.json()) as { error: string; message: string }
    return { type: 'refused', refusal: { status: response.status, error, message } }
  }
  return {
    type: 'promised',
    promise: await check((await response.json()) as AnswerJson, request, domain, raw),
  }
}

/** As a wallet has to: the answer is to this request, for this domain, and signed. Throws otherwise. */
async function check(
  answer: AnswerJson,
  request: CommitmentRequest,
  domain: PromiseDomain,
  raw: Uint8Array,
): Promise<Promised> {
  const { commitment, signature } = answer
  const whole = {
    commitmentType: BigInt(commitment.commitment_type),
    payload: commitment.payload,
    requestHash: commitment.request_hash,
    slasher: commitment.slasher,
  }
  if (whole.requestHash !== requestHash(request)) throw new Error('the answer is to another request')
  if (whole.commitmentType !== request.commitmentType) throw new Error('the answer is of another type')
  if (answer.signing_id !== domain.signingId || BigInt(answer.nonce) !== PROMISE_NONCE)
    throw new Error('the answer is for another domain')
  const hash = signingRoot(commitmentRoot(whole), PROMISE_NONCE, domain)
  const signer = (await recoverAddress({ hash, signature })).toLowerCase() as Address
  const transactionHash = keccak256Hex(raw)
  if (request.commitmentType !== EXECUTION_TYPE) {
    if (whole.payload !== request.payload) throw new Error('another transaction is promised')
    return { transactionHash, signer }
  }
  const decoded = decodeTransactionExecution(hexToBytes(whole.payload))
  if (decoded.type === 'fault') throw new Error(`the promise cannot be read: ${decoded.fault}`)
  if (decoded.value.transactionHash !== transactionHash) throw new Error('another transaction is promised')
  return {
    transactionHash,
    signer,
    execution: decoded.value,
    ...(answer.receipt && { receipt: answer.receipt }),
  }
}
