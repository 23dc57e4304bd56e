/** Server-sent events: head, head_v2, chain_reorg, finalized_checkpoint. */
import { computeEpochAtSlot } from '@lodestar/state-transition'
import { ApiError } from './answer.mjs'
import { dependentRoot } from './dutyRoutes.mjs'

const TOPICS = ['head', 'head_v2', 'chain_reorg', 'finalized_checkpoint']

export function eventRoutes(chain) {
  return {
    'GET /eth/v1/events': (_, { response, query }) => {
      const topics = query.getAll('topics').flatMap((each) => each.split(','))
      const unknown = topics.filter((topic) => !TOPICS.includes(topic))
      if (topics.length === 0 || unknown.length > 0)
        throw new ApiError(400, `topics served are ${TOPICS.join(', ')}, not: ${unknown.join(', ')}`)
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
      response.flushHeaders()
      const stop = chain.subscribe((event) => {
        for (const [topic, data] of describe(chain, event)) {
          if (topics.includes(topic)) response.write(`event: ${topic}\ndata: ${JSON.stringify(data)}\n\n`)
        }
      })
      response.on('close', stop)
    },
  }
}

function describe(chain, event) {
  const { block } = event
  if (event.type === 'head') return describeHead(chain, event)
  if (event.type === 'finalized') {
    const data = { block: block.root, state: block.stateRoot, epoch: String(event.epoch) }
    return [['finalized_checkpoint', { ...data, execution_optimistic: false }]]
  }
  const data = {
    slot: String(block.slot),
    depth: String(event.depth),
    old_head_block: event.old.root,
    new_head_block: block.root,
    old_head_state: event.old.stateRoot,
    new_head_state: block.stateRoot,
    epoch: String(computeEpochAtSlot(block.slot)),
    execution_optimistic: false,
  }
  return [['chain_reorg', data]]
}

/** The two versions say the same dependent roots by different names. */
function describeHead(chain, { block, isNewEpoch }) {
  const epoch = computeEpochAtSlot(block.slot)
  const [older, newer] = [dependentRoot(chain, block, epoch - 1), dependentRoot(chain, block, epoch)]
  const common = {
    slot: String(block.slot),
    block: block.root,
    state: block.stateRoot,
    epoch_transition: isNewEpoch,
    execution_optimistic: false,
  }
  return [
    ['head', { ...common, previous_duty_dependent_root: older, current_duty_dependent_root: newer }],
    [
      'head_v2',
      {
        version: 'fulu',
        data: {
          ...common,
          payload_status: 'full',
          current_epoch_dependent_root: older,
          next_epoch_dependent_root: newer,
        },
      },
    ],
  ]
}
