/** A plain Ethereum block that others made, executed again: everything in its header is computed and compared. Yellow Paper §4.3.4, §11. */
import { type BlockHeader, headerHash } from '../../primitives/header.ts'
import { bytesToHex, toQuantity } from '../../primitives/hex.ts'
import { blobParametersAt, type EthereumSpec, ethereumForkAt, isForkActive } from '../../spec/ethereumSpec.ts'
import type { AncestorHashes } from '../engine.ts'
import type { SenderPool } from '../senderPool.ts'
import type { StateSource } from '../state/source.ts'
import { londonParentGasLimit, nextBaseFee } from './baseFee.ts'
import { nextExcessBlobGas } from './blobFee.ts'
import type { EthereumBlock } from './block.ts'
import { InvalidBlockError } from './invalidBlock.ts'
import { openEthereumBlock, type SealedEthereumBlock } from './openBlock.ts'

/** Bytes. Yellow Paper §4.3.4. */
const EXTRA_DATA_MAX = 32
/** EIP-7934. */
const BLOCK_BYTES_MAX = 10_485_760 - 2_097_152
const GAS_LIMIT_BOUND_DIVISOR = 1024n
const GAS_LIMIT_MIN = 5000n
const OMMERS_MAX = 2

/** Proof of work and the difficulty are taken as given. Throws an InvalidBlockError that names the first difference. */
export async function executeEthereumBlock(input: {
  readonly spec: EthereumSpec
  readonly senders: Pick<SenderPool, 'senderOf'>
  readonly block: EthereumBlock
  /** Length of the block's RLP. */
  readonly size: number
  readonly parent: BlockHeader
  /** After the parent. */
  readonly state: StateSource
  readonly ancestorHash: AncestorHashes
}): Promise<SealedEthereumBlock> {
  const { spec, senders, block, parent, state, ancestorHash } = input
  const { header, ommers, withdrawals } = block
  checkHeader(spec, block, parent, input.size)
  const open = await openEthereumBlock({
    ...{ spec, senders, state, ancestorHash },
    environment: { ...environmentOf(header), ommers, ...(withdrawals !== undefined && { withdrawals }) },
  })
  for (const [index, raw] of block.transactions.entries()) {
    const result = await open.add(raw)
    if (result.type === 'refused')
      throw new InvalidBlockError('transactions', `transaction ${index}: ${result.reason}`, header.number)
  }
  const sealed = await open.seal()
  for (const name of [...COMPUTED, ...Object.keys(header)] as readonly (keyof BlockHeader)[])
    requireSame(header.number, name, header[name], sealed.header[name])
  requireSame(header.number, 'hash', headerHash(header), sealed.hash)
  return sealed
}

/** In the order in which a difference says most; whatever else the header has is compared after them. */
const COMPUTED = ['gasUsed', 'logsBloom', 'receiptsRoot', 'stateRoot'] as const

/** What the header says that does not come of executing the block. */
function environmentOf(header: BlockHeader) {
  const { parentHash, coinbase, difficulty, number, gasLimit, timestamp, extraData, mixHash, nonce } = header
  const { baseFeePerGas, excessBlobGas, parentBeaconBlockRoot } = header
  return {
    ...{ parentHash, coinbase, difficulty, number, gasLimit, timestamp, extraData, mixHash, nonce },
    ...(baseFeePerGas !== undefined && { baseFeePerGas }),
    ...(excessBlobGas !== undefined && { excessBlobGas }),
    ...(parentBeaconBlockRoot !== undefined && { parentBeaconBlockRoot }),
  }
}

function checkHeader(spec: EthereumSpec, block: EthereumBlock, parent: BlockHeader, size: number): void {
  const { header, ommers } = block
  const fork = ethereumForkAt(spec, header)
  const has = (name: Parameters<typeof isForkActive>[1]) => isForkActive(fork, name)
  const same = (field: string, stated: HeaderValue, computed: HeaderValue) =>
    requireSame(header.number, field, stated, computed)
  const must = (field: string, isRight: boolean, reason: string) => {
    if (!isRight) throw new InvalidBlockError(field, reason, header.number)
  }
  same('number', header.number, parent.number + 1n)
  same('parentHash', header.parentHash, headerHash(parent))
  must('timestamp', header.timestamp > parent.timestamp, 'not after its parent')
  must('extraData', header.extraData.length <= EXTRA_DATA_MAX, `more than ${EXTRA_DATA_MAX} bytes`)
  must('gasUsed', header.gasUsed <= header.gasLimit, 'above the gas limit')
  const limitBefore = has('london') ? londonParentGasLimit(parent) : parent.gasLimit
  const distance =
    header.gasLimit > limitBefore ? header.gasLimit - limitBefore : limitBefore - header.gasLimit
  must('gasLimit', distance < limitBefore / GAS_LIMIT_BOUND_DIVISOR, `too far from ${limitBefore}`)
  must('gasLimit', header.gasLimit >= GAS_LIMIT_MIN, `below ${GAS_LIMIT_MIN}`)
  same('baseFeePerGas', header.baseFeePerGas, has('london') ? nextBaseFee(parent) : undefined)
  if (has('paris')) {
    same('difficulty', header.difficulty, 0n)
    must(
      'nonce',
      header.nonce.every((byte) => byte === 0),
      'not zero',
    )
    must('ommers', ommers.length === 0, 'there are some after the merge')
  } else {
    must('difficulty', header.difficulty > 0n, 'zero before the merge')
    must('ommers', ommers.length <= OMMERS_MAX, `more than ${OMMERS_MAX}`)
  }
  const blobs = blobParametersAt(spec, header.timestamp)
  const excess = blobs && nextExcessBlobGas(parent, blobs, has('osaka'))
  same('excessBlobGas', header.excessBlobGas, excess)
  must(
    'parentBeaconBlockRoot',
    (header.parentBeaconBlockRoot !== undefined) === has('cancun'),
    `wrong under ${fork}`,
  )
  must('size', !has('osaka') || size <= BLOCK_BYTES_MAX, `more than ${BLOCK_BYTES_MAX} bytes`)
}

type HeaderValue = BlockHeader[keyof BlockHeader]

function requireSame(blockNumber: bigint, field: string, stated: HeaderValue, computed: HeaderValue): void {
  const [found, expected] = [textOf(stated), textOf(computed)]
  if (found !== expected)
    throw new InvalidBlockError(field, `the block says ${found}, computed ${expected}`, blockNumber)
}

function textOf(value: HeaderValue): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'bigint') return toQuantity(value)
  return typeof value === 'string' ? value : bytesToHex(value)
}
