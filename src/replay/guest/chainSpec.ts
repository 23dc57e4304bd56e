/** The chain of a guest input, from its own `chain_spec`: nothing is looked up, so chains unknown to us replay too. */
import { z } from 'zod'
import type { Address } from '../../primitives/hex.ts'
import { MAINNET_SHASTA_CONSTANTS, OTHERS_SHASTA_CONSTANTS } from '../../spec/constants.ts'
import { taikoHekla } from '../../spec/networks/taikoHekla.ts'
import { taikoMainnet } from '../../spec/networks/taikoMainnet.ts'
import type { Fork, ForkName, RollupSpec } from '../../spec/rollupSpec.ts'
import { address, quantity } from './fields.ts'

const NO_INBOX: Address = `0x${'00'.repeat(20)}`

const activation = z.union([
  z.object({ Block: quantity }).transform(({ Block }) => ({ type: 'block' as const, number: Block })),
  z
    .object({ Timestamp: quantity })
    .transform(({ Timestamp }) => ({ type: 'timestamp' as const, timestamp: Timestamp })),
  // `"TBD"`: not scheduled.
  z.string().transform(() => undefined),
])

/** Older inputs name one L1 contract, newer ones one for each fork. */
const l1Contract = z.union([
  address.transform(
    (legacy): Readonly<Record<string, Address>> => ({ HEKLA: legacy, ONTAKE: legacy, PACAYA: legacy }),
  ),
  z.record(z.string(), address),
])

/** Genesis goes by the name of a testnet of its time, or, before there was another, by the EVM's fork alone. */
const FORK_NAMES: readonly (readonly [string, ForkName])[] = [
  ['HEKLA', 'genesis'],
  ['ONTAKE', 'ontake'],
  ['PACAYA', 'pacaya'],
  ['SHASTA', 'shasta'],
  ['UNZEN', 'unzen'],
]

export const chainSpec = z
  .object({
    name: z.string(),
    chain_id: quantity,
    hard_forks: z.record(z.string(), activation),
    l1_contract: l1Contract.nullish(),
    l2_contract: address,
  })
  .transform((fields): RollupSpec => {
    const inboxes = fields.l1_contract ?? {}
    const legacyInbox = inboxes.PACAYA ?? inboxes.ONTAKE ?? inboxes.HEKLA
    const forks = FORK_NAMES.flatMap(([key, name]): Fork[] => {
      const activation = fields.hard_forks[key]
      return activation ? [{ name, activation }] : []
    })
    const [first] = forks
    const startsAt = first?.activation.type === 'block' ? first.activation.number : undefined
    if (startsAt !== 0n) forks.unshift({ name: 'genesis', activation: { type: 'block', number: 0n } })
    return {
      name: fields.name,
      l1: {
        // A guest input does not say which L1 it is of, and replay asks none.
        chainId: 0n,
        inbox: inboxes.SHASTA ?? NO_INBOX,
        ...(legacyInbox && { legacyInbox }),
        startBlock: 0n,
        genesisTime: 0n,
        secondsPerSlot: 12n,
      },
      l2: {
        chainId: fields.chain_id,
        anchor: fields.l2_contract,
        ...(fields.chain_id === taikoHekla.l2.chainId && { boundsInflatedCalldata: true }),
      },
      forks,
      // The spec of a guest input lacks these; mainnet alone has wider windows.
      shasta:
        fields.chain_id === taikoMainnet.l2.chainId ? MAINNET_SHASTA_CONSTANTS : OTHERS_SHASTA_CONSTANTS,
    }
  })
