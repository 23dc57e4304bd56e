/** Logs of our contracts, decoded by their ABI. */
import { type Abi, type ContractEventName, type DecodeEventLogReturnType, decodeEventLog } from 'viem'
import { CriticalError } from '../primitives/errors.ts'
import type { L1Log } from './protocol.ts'

/**
 * The event's arguments. The contract's own encoder made the log, so bytes that are not its ABI mean that the address or the
 * ABI is wrong: CriticalError.
 */
export function decodeEvent<const abi extends Abi, name extends ContractEventName<abi>>(
  abi: abi,
  eventName: name,
  log: L1Log,
): DecodeEventLogReturnType<abi, name>['args'] {
  try {
    const [signature, ...indexed] = log.topics
    if (signature === undefined) throw new Error('it has no topics')
    const decoded = decodeEventLog({
      abi,
      eventName,
      data: log.data,
      topics: [signature, ...indexed],
      strict: true,
    })
    return decoded.args as DecodeEventLogReturnType<abi, name>['args']
  } catch (cause) {
    throw new CriticalError(
      `log ${log.logIndex} of L1 block ${log.blockNumber} is not a ${eventName} event as this node knows it; ` +
        `check that ${log.address} is the right contract and that it was not upgraded`,
      { cause },
    )
  }
}
