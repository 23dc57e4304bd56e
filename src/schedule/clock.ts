/** Slots and epochs of the L1 by time. */
export type SlotClock = {
  readonly slotsPerEpoch: bigint
  /** Slot that a timestamp (seconds) lies in; 0 before genesis. */
  slotAt(timestamp: bigint): bigint
  /** Seconds. */
  timestampOf(slot: bigint): bigint
  epochOf(slot: bigint): bigint
  firstSlotOf(epoch: bigint): bigint
  lastSlotOf(epoch: bigint): bigint
  /** When it is settled who counts in an epoch: one epoch before it begins. Seconds; LookaheadSchedule's `referenceTime`. */
  referenceTime(epoch: bigint): bigint
}

export function createSlotClock(
  l1: { readonly genesisTime: bigint; readonly secondsPerSlot: bigint },
  slotsPerEpoch: bigint,
): SlotClock {
  const timestampOf = (slot: bigint) => l1.genesisTime + slot * l1.secondsPerSlot
  return {
    slotsPerEpoch,
    // Rounds down.
    slotAt: (timestamp) =>
      timestamp <= l1.genesisTime ? 0n : (timestamp - l1.genesisTime) / l1.secondsPerSlot,
    timestampOf,
    epochOf: (slot) => slot / slotsPerEpoch,
    firstSlotOf: (epoch) => epoch * slotsPerEpoch,
    lastSlotOf: (epoch) => (epoch + 1n) * slotsPerEpoch - 1n,
    referenceTime: (epoch) => timestampOf((epoch - 1n) * slotsPerEpoch),
  }
}
