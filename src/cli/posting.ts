/** How commands that propose reach L1: an account, its journal, and proofs of the lookahead from another account. */
import { join } from 'node:path'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { type BlobProver, createBlobProver } from '../propose/blobProver.ts'
import { createInboxReader, type InboxReader } from '../propose/inbox.ts'
import { createFileJournal } from '../propose/journal.ts'
import { createL1Rpc, type RpcRequest } from '../propose/l1Rpc.ts'
import { createPlainSender } from '../propose/plainSender.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS, type Poster } from '../propose/poster.ts'
import { createLookaheadProver, DEFAULT_LOOKAHEAD_PROVER_OPTIONS } from '../propose/proveLookahead.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Config } from './config/load.ts'
import { ConfigError } from './config/resolve.ts'
import { readKeyFile } from './keyFile.ts'

export type PostingAccounts = {
  readonly poster: PrivateKeyAccount
  /** Brings proofs of the lookahead, where the schedule wants them. */
  readonly prover?: PrivateKeyAccount
}

export async function readPostingAccounts(config: Config, logger: Logger): Promise<PostingAccounts> {
  const read = async (flag: string) => {
    const path = config.get<string>(flag)
    return path === undefined ? undefined : privateKeyToAccount(await readKeyFile(path, flag, logger))
  }
  config.need<string>('key-file')
  const [poster, prover] = [await read('key-file'), await read('lookahead-key-file')]
  if (poster === undefined) throw new ConfigError('--key-file is needed')
  if (prover?.address === poster.address)
    throw new ConfigError('--lookahead-key-file needs another account than --key-file: pools keep them apart')
  return { poster, ...(prover && { prover }) }
}

export type Posting = {
  readonly rpc: RpcRequest
  readonly inbox: InboxReader
  readonly poster: Poster
  /** Brings lookaheads to L1 until the signal; at once where no account is given for it. */
  proveLookaheads(schedule: Schedule, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export function openPosting(input: {
  readonly config: Config
  readonly spec: RollupSpec
  readonly accounts: PostingAccounts
  readonly dataDir: string
  readonly logger: Logger
}): Posting {
  const { config, spec, accounts, logger } = input
  const url = config.need<string[]>('l1.rpc')[0]
  if (url === undefined) throw new ConfigError('--l1.rpc is needed')
  const rpc = createL1Rpc({ name: new URL(url).host, url, limits: { timeoutMs: config.need('l1.timeout') } })
  const blobProver: BlobProver = createBlobProver()
  const chainId = Number(spec.l1.chainId)
  const journal = createFileJournal(join(input.dataDir, 'posts'))
  return {
    rpc,
    inbox: createInboxReader(rpc, spec.l1.inbox),
    poster: createPoster(
      { rpc, account: accounts.poster, prover: blobProver, journal, logger },
      { ...DEFAULT_POSTER_OPTIONS, chainId, inbox: spec.l1.inbox },
    ),
    async proveLookaheads(schedule, signal) {
      if (accounts.prover === undefined) return
      const { feeCaps, tipMin, stuckBlocks } = DEFAULT_POSTER_OPTIONS
      const sender = createPlainSender(
        { rpc, account: accounts.prover },
        { chainId, maxFeePerGas: feeCaps.maxFeePerGas, tipMin, stuckBlocks },
      )
      const prover = createLookaheadProver(
        { rpc, schedule, sender, logger },
        { ...DEFAULT_LOOKAHEAD_PROVER_OPTIONS, intervalMs: config.need<number>('l1.poll-interval') },
      )
      await prover.run(signal)
    },
    close: () => blobProver.close(),
  }
}
