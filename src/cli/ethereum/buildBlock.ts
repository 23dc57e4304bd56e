/** A block on the head of a plain Ethereum chain, made and thrown away. */
import type { ChainReader } from '../../chain/chain.ts'
import { nextBaseFee } from '../../engine/ethereum/baseFee.ts'
import { nextExcessBlobGas } from '../../engine/ethereum/blobFee.ts'
import { type OpenEthereumBlock, openEthereumBlock } from '../../engine/ethereum/openBlock.ts'
import type { SenderPool } from '../../engine/senderPool.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { defined } from '../../primitives/assert.ts'
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import type { Hash } from '../../primitives/hex.ts'
import { TransactionRejectedError } from '../../propose/pool/errors.ts'
import { type BlobSidecar, openNetworkForm } from '../../propose/pool/networkForm.ts'
import type { BuildBlock, BuildRequest } from '../../rpc/testing/buildBlock.ts'
import { blobParametersAt, type EthereumSpec, ethereumForkAt, isForkActive } from '../../spec/ethereumSpec.ts'
import type { EthereumPool } from './pool.ts'

/** Gas that blocks aim for; geth's default. */
const GAS_LIMIT_TARGET = 60_000_000n
/** A gas limit moves by less than this part of its parent's. Yellow Paper §4.3.4. */
const GAS_LIMIT_BOUND_DIVISOR = 1024n
const EXTRA_DATA_MAX = 32
const BLOB_TRANSACTION = 3

type BuildDeps = {
  readonly spec: EthereumSpec
  readonly chain: ChainReader
  readonly state: FlatState
  readonly senders: Pick<SenderPool, 'senderOf'>
  readonly pool: EthereumPool
}
type Refused = { readonly type: 'refused'; readonly reason: string }

export function createBuildBlock(deps: BuildDeps): BuildBlock {
  return async (request) => {
    const open = await begin(deps, request)
    if ('type' in open) return open
    const sidecars: BlobSidecar[] = []
    const refused =
      request.transactions === null
        ? await addPooled(deps.pool, open, sidecars)
        : await addListed(request.transactions, open, sidecars)
    if (refused !== undefined) return refused
    const { hash, header, transactions, requests } = await open.seal()
    const baseFee = header.baseFeePerGas ?? 0n
    return {
      type: 'built',
      ...{ hash, header, requests, sidecars },
      transactions: transactions.map(({ raw }) => raw),
      value: transactions.reduce(
        (sum, { gasUsed, effectiveGasPrice }) => sum + gasUsed * (effectiveGasPrice - baseFee),
        0n,
      ),
    }
  }
}

async function begin(deps: BuildDeps, request: BuildRequest): Promise<OpenEthereumBlock | Refused> {
  const { spec, chain, state, senders } = deps
  const { latest } = chain.heads()
  if ((await chain.blockNumberOf(request.parentHash)) === undefined) return refuse('unknown parent')
  if (request.parentHash !== latest.hash) return refuse('blocks are built on the head alone')
  const { header: parent } = defined(await chain.headerByNumber(latest.number), 'the latest block')
  if (request.timestamp <= parent.timestamp) return refuse('the timestamp is not after that of the parent')
  if (request.extraData.length > EXTRA_DATA_MAX) return refuse('extraData has more than 32 bytes')
  const number = parent.number + 1n
  const { timestamp, withdrawals, parentBeaconBlockRoot, extraData } = request
  const fork = ethereumForkAt(spec, { number, timestamp })
  const blobs = blobParametersAt(spec, timestamp)
  if (!isForkActive(fork, 'cancun') || blobs === undefined) return refuse('blocks are built from Cancun on')
  return openEthereumBlock({
    ...{ spec, senders },
    environment: {
      ...{ parentHash: request.parentHash, number, timestamp, extraData, parentBeaconBlockRoot },
      coinbase: request.feeRecipient,
      difficulty: 0n,
      gasLimit: nextGasLimit(parent.gasLimit),
      mixHash: request.prevRandao,
      nonce: new Uint8Array(8),
      baseFeePerGas: nextBaseFee(parent),
      excessBlobGas: nextExcessBlobGas(parent, blobs, isForkActive(fork, 'osaka')),
      ommers: [],
      withdrawals,
    },
    state: state.source(),
    ancestorHash: async (ancestor): Promise<Hash> =>
      defined(await chain.headerByNumber(ancestor), `block ${ancestor}`).hash,
  })
}

/** Every one of them, or the reason why the first cannot be in. */
async function addListed(
  transactions: readonly Uint8Array[],
  open: OpenEthereumBlock,
  sidecars: BlobSidecar[],
): Promise<Refused | undefined> {
  for (const [index, sent] of transactions.entries()) {
    const opened = await openSent(sent)
    if ('type' in opened) return refuse(`transaction ${index}: ${opened.reason}`)
    const result = await open.add(opened.raw)
    if (result.type === 'refused') return refuse(`transaction ${index}: ${result.reason}`)
    if (opened.sidecar !== undefined) sidecars.push(opened.sidecar)
  }
  return undefined
}

async function addPooled(
  pool: EthereumPool,
  open: OpenEthereumBlock,
  sidecars: BlobSidecar[],
): Promise<undefined> {
  for (const { raw, hash } of pool.pendingByPrice(open.run.context.info.baseFeePerGas)) {
    const result = await open.add(raw)
    const sidecar = pool.sidecarOf(hash)
    if (result.type === 'added' && sidecar !== undefined) sidecars.push(sidecar)
  }
}

/** A blob transaction may come with its blobs or without. */
async function openSent(
  sent: Uint8Array,
): Promise<{ readonly raw: Uint8Array; readonly sidecar?: BlobSidecar } | Refused> {
  if (sent[0] !== BLOB_TRANSACTION || decodeTransaction(sent).type === 'transaction') return { raw: sent }
  try {
    return await openNetworkForm(sent)
  } catch (error) {
    if (error instanceof TransactionRejectedError) return refuse(error.message)
    throw error
  }
}

function nextGasLimit(parent: bigint): bigint {
  const step = parent / GAS_LIMIT_BOUND_DIVISOR - 1n
  return parent > GAS_LIMIT_TARGET
    ? maxBigint(parent - step, GAS_LIMIT_TARGET)
    : minBigint(parent + step, GAS_LIMIT_TARGET)
}

function refuse(reason: string): Refused {
  return { type: 'refused', reason }
}
