/** The block that a promise would be executed in, and the accounts it begins with: the one under way, or the one after the latest. */
import type { ChainReader } from '../../chain/chain.ts'
import type { StateSource } from '../../engine/state/source.ts'
import { ResetError, TemporaryError } from '../../primitives/errors.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { SequencerFace } from '../../propose/sequencer/events.ts'
import { gasLimitWithoutAnchor } from '../../protocol/shasta/rules.ts'
import { type Account, type NextBlock, readAccount } from './admit.ts'
import { CommitmentRefusedError } from './errors.ts'

/** Where no block is under way: what the one after the latest will ask, and the state it begins with. */
export type AfterLatest = NextBlock & { readonly state: Pick<StateSource, 'account'> }

export type NextBlockReader = {
  read(): Promise<NextBlock>
  /** As the block begins with it, or has it so far. */
  account(sender: Address): Promise<Account>
  /** Checks again what finds a gap between two nonces while a block is being sealed, which may fill it. */
  betweenBlocks(check: () => Promise<void>): Promise<void>
}

/** The chain moves on a few times a second at most. */
const READ_ATTEMPTS = 40
const READ_PAUSE_MS = 5

export function createNextBlockReader(deps: {
  readonly sequencer: Pick<SequencerFace, 'newest'>
  readonly chain: Pick<ChainReader, 'heads'>
  readonly next: () => Promise<AfterLatest>
  readonly wait: (ms: number) => Promise<void>
}): NextBlockReader {
  const { sequencer, chain, wait } = deps
  let afterLatest: { readonly latest: Hash; readonly reading: Promise<AfterLatest> } | undefined

  /** Once for each latest block, whoever asks how often. */
  function readAfterLatest(): Promise<AfterLatest> {
    const latest = chain.heads().latest.hash
    if (afterLatest?.latest !== latest) afterLatest = { latest, reading: deps.next() }
    return afterLatest.reading
  }

  async function readOnce(): Promise<NextBlock & { state(): Promise<Pick<StateSource, 'account'>> }> {
    const newest = sequencer.newest()
    if (newest === undefined) {
      const { baseFeePerGas, gasLimit, state } = await readAfterLatest()
      return { baseFeePerGas, gasLimit, state: async () => state }
    }
    const { baseFeePerGas } = newest.attributes
    return {
      baseFeePerGas,
      gasLimit: gasLimitWithoutAnchor(newest.attributes),
      state: () => newest.state(),
    }
  }

  /** When a block becomes the latest, what was begun to be read of the one before is of no use. */
  async function whileStateMoves<T>(read: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read()
      } catch (error) {
        afterLatest = undefined
        if (!(error instanceof TemporaryError || error instanceof ResetError)) throw error
        if (attempt === READ_ATTEMPTS) throw new CommitmentRefusedError('syncing', error.message)
        await wait(READ_PAUSE_MS)
      }
    }
  }

  return {
    read: () => whileStateMoves(readOnce),
    account: (sender) =>
      whileStateMoves(async () => {
        const { state } = await readOnce()
        return readAccount(await state(), sender)
      }),
    async betweenBlocks(check) {
      for (let attempt = 1; ; attempt++) {
        const isBetween = sequencer.newest() === undefined
        try {
          return await check()
        } catch (error) {
          const isGap = error instanceof CommitmentRefusedError && error.code === 'nonceGap'
          if (!isGap || !isBetween || attempt === READ_ATTEMPTS) throw error
          await wait(READ_PAUSE_MS)
        }
      }
    },
  }
}
