/** Runs code as a frame of its own and tells its zk gas. */
import { Address as EvmAddress } from '@ethereumjs/util'
import { opcodesOf } from '../../src/engine/evm/opcodes.ts'
import { createZkMeter, ZkGasExceededError } from '../../src/engine/evm/zkMeter.ts'
import { createRunContext } from '../../src/engine/evm.ts'
import { loadKzg } from '../../src/engine/kzg.ts'
import { ethereumRules } from '../../src/engine/rules/evmRules.ts'
import { OverlayState } from '../../src/engine/state/overlay.ts'
import type { AccountState, StateChanges } from '../../src/engine/state/source.ts'
import { createEmptyState } from '../../src/engine/state/witness.ts'
import { type Address, type Hash, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../src/primitives/keccak.ts'
import { UNZEN_ZK_SCHEDULE, type ZkSchedule } from '../../src/spec/zkSchedule.ts'

export const CODE_ADDRESS: Address = `0x${'10'.repeat(20)}`
export const OTHER_ADDRESS: Address = `0x${'20'.repeat(20)}`
const CALLER: Address = `0x${'ca'.repeat(20)}`

export type ZkRun = {
  /** Zk gas of the frame and all it opened; what would exceed the limit is not in it. */
  readonly used: number
  readonly isExceeded: boolean
}

/** Osaka. `code` without 0x. Balances are 0 but the caller's. */
export async function measureZkGas(
  code: string,
  options: {
    readonly gas?: bigint
    readonly schedule?: ZkSchedule
    /** Of the block before this. */
    readonly before?: number
    /** Of another contract. */
    readonly other?: string
  } = {},
): Promise<ZkRun> {
  await loadKzg()
  const { gas = 200_000n, schedule = UNZEN_ZK_SCHEDULE, other, before = 0 } = options
  const codes = new Map<Hash, Uint8Array>()
  const accounts = new Map<Address, AccountState>()
  const put = (address: Address, hex: string) => {
    const bytes = hexToBytes(`0x${hex}`)
    const codeHash = keccak256Hex(bytes)
    if (bytes.length > 0) codes.set(codeHash, bytes)
    const balance = address === CALLER ? 10n ** 18n : 0n
    accounts.set(address, { nonce: 1n, balance, storageRoot: EMPTY_TRIE_ROOT, codeHash })
  }
  put(CALLER, '')
  put(CODE_ADDRESS, code)
  if (other !== undefined) put(OTHER_ADDRESS, other)
  const changes: StateChanges = { accounts, storage: new Map(), code: codes }
  const meter = createZkMeter(schedule, opcodesOf('osaka')!)
  meter.used = before
  const { evm, block } = await createRunContext({
    chainId: 1n,
    rules: ethereumRules('osaka'),
    state: new OverlayState(createEmptyState().after(changes)),
    info: {
      number: 1n,
      parentHash: ZERO_HASH,
      coinbase: ZERO_ADDRESS,
      timestamp: 1n,
      gasLimit: 30_000_000n,
      mixHash: ZERO_HASH,
      baseFeePerGas: 0n,
      blobBaseFee: 1n,
    },
    ancestorHash: () => ZERO_HASH,
    meter,
  })
  let isExceeded = false
  try {
    await evm.runCall({
      block,
      caller: new EvmAddress(hexToBytes(CALLER)),
      to: new EvmAddress(hexToBytes(CODE_ADDRESS)),
      gasLimit: gas,
    })
  } catch (error) {
    if (!(error instanceof ZkGasExceededError)) throw error
    isExceeded = true
  }
  return { used: meter.used, isExceeded }
}

/** Only one opcode counts. */
export function only(opcode: number, factor = 1): ZkSchedule {
  const opcodes = new Array<number>(256).fill(0)
  opcodes[opcode] = factor
  return { ...UNZEN_ZK_SCHEDULE, opcodes, precompiles: new Map(), unlisted: 0 }
}
