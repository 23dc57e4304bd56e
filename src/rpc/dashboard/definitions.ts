/** What each figure means and where it comes from: `/dashboard/definitions`. */

export type DefinitionId =
  | 'clocks'
  | 'slots'
  | 'sequencers'
  | 'gaps'
  | 'promises'
  | 'lists'
  | 'forced-inclusions'
  | 'health'

export type Definition = {
  readonly title: string
  /** Paragraphs. */
  readonly text: readonly string[]
  readonly terms: readonly (readonly [term: string, meaning: string])[]
  /** The methods that answer the same. */
  readonly methods: readonly string[]
}

export const DEFINITIONS: Readonly<Record<DefinitionId, Definition>> = {
  clocks: {
    title: 'Clocks',
    text: [
      'A block of L2 passes four stages, and this node never takes one for another. The age of a clock is the time since the timestamp of its block.',
    ],
    terms: [
      ['Latest', 'The last sealed block: preconfirmed by a sequencer’s signature, or derived from L1.'],
      ['Safe', 'The last block derived from L1. Only a reorganisation of L1 can take it back.'],
      [
        'Finalized',
        'The last block derived from an L1 block that is final by the beacon chain’s checkpoint.',
      ],
      [
        'Executable',
        'The last block whose state is proven on L1: withdrawals up to it work. It may move backwards when the inbox says so.',
      ],
      ['L1 head', 'The newest L1 block, by the word that Health names.'],
      ['L1 derived', 'Everything that L1 says up to this block is in the chain.'],
      ['Behind', 'Blocks behind the first clock of the same layer.'],
    ],
    methods: ['based_syncStatus'],
  },
  slots: {
    title: 'Slots',
    text: [
      'One box for each slot of L1 in this epoch and the next. The letter says whose window it is, the icon what came of it. A proposal belongs to the slot of the L1 block that took it, by that block’s timestamp.',
    ],
    terms: [
      ['Landed', 'At least one proposal was taken in the slot’s L1 block.'],
      [
        'Landed, by the fallback',
        'The same, in a slot whose L1 proposer has not opted in: the schedule’s fallback decides who may propose.',
      ],
      [
        'Empty',
        'The slot has an L1 block, and no proposal in it. A sequencer need not use each of its slots.',
      ],
      ['Missed', 'The slot has no L1 block, so that nothing could land.'],
      ['Next', 'The slot in which a proposal can come next.'],
      ['Upcoming', 'After that.'],
      ['Not known yet', 'No later L1 block has been derived, or the time of L1’s blocks is not to be had.'],
    ],
    methods: ['based_lookahead', 'based_sequencerForSlot', 'based_orderingProvider'],
  },
  sequencers: {
    title: 'Who sequences',
    text: [
      'Whoever may propose in a slot of this epoch or the next. The right is the kind of the inbox’s schedule, or its fallback.',
    ],
    terms: [
      ['Lookahead', 'The L1 proposer of the window’s last slot, who has opted in.'],
      ['Whitelist', 'The operator that a contract names for the epoch.'],
      ['Open', 'Anyone.'],
      ['Fallback', 'Nobody who has opted in proposes there, so another schedule decides.'],
      ['Landed', 'Proposals in the slots that are shown.'],
    ],
    methods: ['based_lookahead'],
  },
  gaps: {
    title: 'Posting gaps',
    text: [
      'The time between one landed proposal and the next: the difference of the timestamps of the L1 blocks that took them. Two in one block are 0 s apart. At most the newest 128 proposals are counted.',
    ],
    terms: [
      ['Median', 'Half of the gaps are shorter; of an even number the mean of the two in the middle.'],
      ['Longest', 'Of the gaps between the proposals that are shown.'],
      ['Since the last', 'By this node’s clock. It grows until the next proposal lands.'],
    ],
    methods: ['based_getProposal'],
  },
  promises: {
    title: 'Promises',
    text: [
      'A promise is a signed word: this transaction will be in the chain by a slot, has been executed just so, or this block will be what L1 brings. Each one that this node gave or heard of is followed to its end, and the end is stored.',
    ],
    terms: [
      ['Pending', 'Its time is not over.'],
      ['Kept', 'L1 has brought what was promised.'],
      [
        'Broken',
        'L1 has brought something else, or nothing in time. The table says why, and by whom where that is known.',
      ],
      ['Expired', 'Nothing is owed any more: the sender himself made his transaction impossible.'],
      ['Kept of settled', 'Kept, of those that were kept or broken; rounded down.'],
      ['Answered after', 'From the request to the signature.'],
    ],
    methods: ['based_preconfScorecard', 'based_getPreconfirmation', 'based_getTransactionStatus'],
  },
  lists: {
    title: 'Inclusion lists',
    text: [
      'Whoever holds a window may sign a list of transactions that its blocks have to hold. Every node that has seen the list judges the window when it is over. A verdict never changes the chain.',
    ],
    terms: [
      ['Satisfied', 'Each transaction is there, did not fit, or was invalid by then.'],
      ['Violated', 'At least one is missing without such an excuse; it is named.'],
      [
        'Excused',
        'One is missing, but the L1 slot was missed, and the block with it may have been lost with it.',
      ],
      ['No blocks', 'The window brought none, which is no omission.'],
      ['Ignored', 'Its signer signed two lists for one window: neither counts, and the two are evidence.'],
      ['Not judged', 'The node lacks what it takes to judge.'],
      ['How firm', 'By preconfirmed blocks only, by blocks that landed on L1, or by a final L1.'],
    ],
    methods: ['based_getInclusionList'],
  },
  'forced-inclusions': {
    title: 'Forced inclusions',
    text: ['Anyone may queue a transaction on L1 for L2. It waits in the inbox until a proposal takes it.'],
    terms: [
      ['Due', 'From then on no proposal is accepted that leaves it out.'],
      ['Overdue', 'It has waited so long that anyone may propose who takes it.'],
    ],
    methods: ['based_forcedInclusions'],
  },
  health: {
    title: 'Health',
    text: ['Ready means that answers are about the present. What keeps it from that is said in sentences.'],
    terms: [
      ['Warnings', 'What only some questions suffer from. The node is ready all the same.'],
      [
        'Word for the L1 head',
        'On whose word the canonical head of L1 rests. Everything else from L1 is verified against it.',
      ],
      ['Demoted', 'How often a server was asked less, after an error or a contradiction.'],
      ['Pool', 'Transactions that wait here for a block, and those whose nonce or balance is not there yet.'],
    ],
    methods: ['based_syncStatus', 'txpool_status'],
  },
}
