/** Every fault there is, in one list for tests to loop over. */
import { BLOB_FAULTS } from './blobFaults.ts'
import type { Fault } from './fault.ts'
import { HEADER_FAULTS } from './headerFaults.ts'
import { LOG_FAULTS } from './logFaults.ts'
import { RECEIPT_FAULTS } from './receiptFaults.ts'
import { TRANSACTION_FAULTS } from './transactionFaults.ts'
import { TRANSPORT_FAULTS } from './transportFaults.ts'
import { VIEW_FAULTS } from './viewFaults.ts'

export const FAULTS: readonly Fault[] = [
  ...LOG_FAULTS,
  ...RECEIPT_FAULTS,
  ...HEADER_FAULTS,
  ...TRANSACTION_FAULTS,
  ...VIEW_FAULTS,
  ...BLOB_FAULTS,
  ...TRANSPORT_FAULTS,
]

export function findFault(name: string): Fault {
  const fault = FAULTS.find((candidate) => candidate.name === name)
  if (fault === undefined) throw new RangeError(`no fault is called ${name}`)
  return fault
}

/** The hash chain of proposals does not cover which transactions made them: what lies about that is seen by their receipts alone. */
export function isAboutTransactions(name: string): boolean {
  return name === 'receipts-swapped' || TRANSACTION_FAULTS.some((fault) => fault.name === name)
}
