/**
 * Settles a contradiction between what we hold for certain (a finalized or trusted block) and the chain that is served:
 * some provider lies, or L1 has broken its promise, which only an operator can judge.
 */
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import { toQuantity } from '../primitives/hex.ts'
import type { L1Position } from './l1.ts'
import type { L1Provider } from './provider.ts'
import { verifyHeader } from './rpcHeader.ts'

/**
 * Asks every provider for its block of that number. Those with another one are demoted if any has `certain`; the
 * TemporaryError returned lets the caller follow the honest ones. A CriticalError is returned if all contradict it.
 */
export async function settleContradiction(
  provider: L1Provider,
  certain: L1Position,
  critical: string,
  signal?: AbortSignal,
): Promise<TemporaryError | CriticalError> {
  const answers = await provider.askEach(
    [{ method: 'eth_getBlockByNumber', params: [toQuantity(certain.number), false] }],
    ([json]) => (json === null ? null : verifyHeader(json, { number: certain.number })),
    signal,
  )
  const contradicting = answers.filter(({ answer }) => answer && answer.hash !== certain.hash)
  if (contradicting.length === answers.length) return new CriticalError(critical)
  const agreeing = answers.some(({ answer }) => answer?.hash === certain.hash)
  if (agreeing) {
    for (const { from } of contradicting)
      provider.demote(from, `its chain lacks block ${certain.number} (${certain.hash}), which is certain`)
  }
  return new TemporaryError(
    `L1 providers disagree about block ${certain.number}, which is certain to be ${certain.hash}`,
  )
}
