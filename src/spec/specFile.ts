/**
 * A RollupSpec as a JSON file (`--rollup.config`). Protocol integers are decimal or 0x strings, since JSON numbers lose
 * precision; unknown keys are errors, since a misspelt constant would otherwise silently be the default of another chain.
 */
import { z } from 'zod'
import { CriticalError } from '../primitives/errors.ts'
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import { FORKS } from './forks.ts'
import { FORK_NAMES, type RollupSpec } from './rollupSpec.ts'

/** u64: the widest integer any rule of the protocol keeps of these fields. */
const INTEGER_MAX = 2n ** 64n - 1n

const integer = z
  .string()
  .regex(/^(0x[0-9a-fA-F]+|0|[1-9][0-9]*)$/, 'must be a decimal or 0x integer in a string')
  .transform((text) => BigInt(text))
  .refine((value) => value <= INTEGER_MAX, 'must fit 64 bits')

const hexOf = <T extends Hex>(bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`), `must be ${bytes} bytes in hex`)
    .transform((text) => text.toLowerCase() as T)
const address = hexOf<Address>(20)
const hash = hexOf<Hash>(32)

const forkSchema = z.strictObject({
  name: z.enum(FORK_NAMES),
  activation: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('block'), number: integer }),
    z.strictObject({ type: z.literal('timestamp'), timestamp: integer }),
  ]),
})

const specSchema = z.strictObject({
  name: z.string().min(1),
  l1: z.strictObject({
    chainId: integer,
    inbox: address,
    legacyInbox: address.exactOptional(),
    inboxImplementations: z.array(address).exactOptional(),
    distrustedProofs: z
      .array(z.strictObject({ fromBlock: integer, untilTimestamp: integer.exactOptional() }))
      .exactOptional(),
    bridge: address.exactOptional(),
    checkpoints: z.strictObject({ store: address, slot: integer }).exactOptional(),
    startBlock: integer,
    genesisTime: integer,
    secondsPerSlot: integer.refine((value) => value > 0n, 'must not be 0'),
  }),
  l2: z.strictObject({
    chainId: integer,
    genesis: z.strictObject({ hash, stateRoot: hash }).exactOptional(),
    anchor: address,
    bridge: address.exactOptional(),
    boundsInflatedCalldata: z.boolean().exactOptional(),
  }),
  forks: z
    .array(forkSchema)
    .min(1)
    .superRefine((forks, context) => {
      for (const problem of forkProblems(forks)) context.addIssue({ code: 'custom', message: problem })
    }),
  shasta: z.strictObject({ timestampMaxOffset: integer, anchorMaxOffset: integer, baseFeeMin: integer }),
})

/** Throws a CriticalError that names every field in error. `json` is the parsed file. */
export function parseRollupSpec(json: unknown): RollupSpec {
  const result = specSchema.safeParse(json)
  if (result.success) return result.data
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`,
  )
  throw new CriticalError(`the rollup configuration is not valid: ${problems.join('; ')}`)
}

/** The JSON text that `parseRollupSpec` reads back to an equal value. */
export function serializeRollupSpec(spec: RollupSpec): string {
  return JSON.stringify(spec, (_, value) => (typeof value === 'bigint' ? value.toString() : value), 2)
}

type ParsedFork = z.output<typeof forkSchema>

function forkProblems(forks: readonly ParsedFork[]): string[] {
  const problems: string[] = []
  for (const [i, fork] of forks.entries()) {
    const byTimestamp = FORKS[fork.name].begins === 'timestamp'
    if ((fork.activation.type === 'timestamp') !== byTimestamp)
      problems.push(`${fork.name} activates by ${byTimestamp ? 'timestamp' : 'block'}`)
    const previous = forks[i - 1]
    if (previous === undefined) continue
    if (FORK_NAMES.indexOf(previous.name) >= FORK_NAMES.indexOf(fork.name))
      problems.push(`${fork.name} must come before ${previous.name}`)
    if (previous.activation.type === fork.activation.type && activationOf(previous) > activationOf(fork))
      problems.push(`${fork.name} activates before ${previous.name}`)
  }
  return problems
}

function activationOf({ activation }: ParsedFork): bigint {
  return activation.type === 'block' ? activation.number : activation.timestamp
}
