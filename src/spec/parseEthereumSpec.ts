/** A plain Ethereum chain's forks from a genesis file in geth's format (`params.ChainConfig` of go-ethereum). */
import { z } from 'zod'
import { CriticalError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import type { BlobParameters, EthereumActivation, EthereumFork, EthereumSpec } from './ethereumSpec.ts'

/** Mainnet's. EIP-6110. */
const DEPOSIT_CONTRACT: Address = '0x00000000219ab540356cbb839cbe05303d7705fa'

/** The file's names of the forks that changed rules; `eip155Block` always comes with `eip158Block`. */
const BLOCK_FORKS: readonly (readonly [key: string, fork: EthereumFork])[] = [
  ['homesteadBlock', 'homestead'],
  ['eip150Block', 'tangerineWhistle'],
  ['eip158Block', 'spuriousDragon'],
  ['byzantiumBlock', 'byzantium'],
  ['constantinopleBlock', 'constantinople'],
  ['petersburgBlock', 'petersburg'],
  ['istanbulBlock', 'istanbul'],
  ['berlinBlock', 'berlin'],
  ['londonBlock', 'london'],
]
const TIME_FORKS: readonly (readonly [key: string, fork: EthereumFork])[] = [
  ['shanghaiTime', 'shanghai'],
  ['cancunTime', 'cancun'],
  ['pragueTime', 'prague'],
  ['osakaTime', 'osaka'],
]
/** They only delay the difficulty bomb, or happened on mainnet alone. */
const OTHER_BLOCK_FORKS = [
  'daoForkBlock',
  'muirGlacierBlock',
  'arrowGlacierBlock',
  'grayGlacierBlock',
] as const
/** Forks that may bring blob parameters: the file calls their times `<name>Time`. EIP-7892. */
const BLOB_FORKS = ['cancun', 'prague', 'osaka', 'bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5'] as const
/** After Osaka; a chain that has reached one cannot be executed. */
const UNKNOWN_FORKS = ['amsterdamTime', 'verkleTime'] as const

const integer = z.union([z.number().int().nonnegative(), z.string().regex(/^(0x[0-9a-fA-F]+|[0-9]+)$/)])
const activation = integer.transform((value) => BigInt(value)).nullish()
const config = z
  .object({
    chainId: integer.transform((value) => BigInt(value)),
    mergeNetsplitBlock: activation,
    terminalTotalDifficulty: activation,
    depositContractAddress: z
      .string()
      .regex(/^0x[0-9a-fA-F]{40}$/)
      .transform((text) => text.toLowerCase() as Address)
      .nullish(),
    blobSchedule: z
      .partialRecord(
        z.enum(BLOB_FORKS),
        z.object({
          target: z.number().int().nonnegative(),
          max: z.number().int().positive(),
          baseFeeUpdateFraction: z.number().int().positive(),
        }),
      )
      .nullish(),
  })
  .catchall(z.unknown())
const genesisSchema = z.object({ config })

/** `json` is the parsed file. Throws a CriticalError that says what is wrong with it. */
export function parseEthereumSpec(json: unknown, name = 'ethereum'): EthereumSpec {
  const parsed = genesisSchema.safeParse(json)
  if (!parsed.success) throw unusable(z.prettifyError(parsed.error))
  const { config } = parsed.data
  const at = (key: string): bigint | undefined => {
    const value = activation.safeParse(config[key])
    if (!value.success) throw unusable(`${key} is no block number or time`)
    return value.data ?? undefined
  }
  for (const key of UNKNOWN_FORKS)
    if (at(key) !== undefined) throw unusable(`${key} names a fork whose rules this version does not know`)
  const forks: EthereumActivation[] = []
  const add = (fork: EthereumFork, type: EthereumActivation['at']['type'], value: bigint | undefined) => {
    if (value !== undefined) forks.push({ fork, at: { type, value } })
  }
  for (const [key, fork] of BLOCK_FORKS) add(fork, 'block', at(key))
  add('paris', 'block', mergeBlock(config, at('shanghaiTime')))
  for (const [key, fork] of TIME_FORKS) add(fork, 'timestamp', at(key))
  return {
    name,
    chainId: config.chainId,
    forks,
    otherForkBlocks: OTHER_BLOCK_FORKS.map(at).filter((block) => block !== undefined),
    blobSchedule: blobScheduleOf(config.blobSchedule ?? {}, at),
    depositContract: config.depositContractAddress ?? DEPOSIT_CONTRACT,
  }
}

/** The first block without proof of work. What total difficulty it follows on is not known without the blocks. */
function mergeBlock(
  {
    mergeNetsplitBlock,
    terminalTotalDifficulty,
  }: Pick<z.output<typeof config>, 'mergeNetsplitBlock' | 'terminalTotalDifficulty'>,
  shanghaiTime: bigint | undefined,
): bigint | undefined {
  if (mergeNetsplitBlock != null) return mergeNetsplitBlock
  if (terminalTotalDifficulty === 0n) return 0n
  if (terminalTotalDifficulty == null && shanghaiTime === undefined) return undefined
  throw unusable(
    'the file does not say where the merge is: mergeNetsplitBlock or a terminalTotalDifficulty of 0 wanted',
  )
}

type ScheduleEntries = NonNullable<z.output<typeof config>['blobSchedule']>

function blobScheduleOf(
  entries: ScheduleEntries,
  at: (key: string) => bigint | undefined,
): readonly BlobParameters[] {
  const schedule: BlobParameters[] = []
  for (const fork of BLOB_FORKS) {
    const timestamp = at(`${fork}Time`)
    if (timestamp === undefined) continue
    const entry = entries[fork]
    if (entry === undefined && schedule.length > 0) continue
    if (entry === undefined) throw unusable(`blobSchedule has no ${fork}, whose time is given`)
    const { target, max, baseFeeUpdateFraction } = entry
    schedule.push({ timestamp, target, max, baseFeeUpdateFraction: BigInt(baseFeeUpdateFraction) })
  }
  return schedule
}

function unusable(reason: string): CriticalError {
  return new CriticalError(`this is no genesis file of a plain Ethereum chain: ${reason}`)
}
