/** The execution client's Engine API (Prague: V4 of payloads, V3 of the fork choice), without JWT. */

export function createEngine(url) {
  let id = 0
  const call = async (method, ...params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
    })
    const { result, error } = await response.json()
    if (error) throw new Error(`${method}: ${JSON.stringify(error).slice(0, 300)}`)
    return result
  }
  return {
    genesisBlock: () => call('eth_getBlockByNumber', '0x0', false),
    /** Moves the head; with `attributes` a payload is begun, and its id is the answer. `hashes` are {head, safe, finalized}. */
    async setHead({ head, safe, finalized }, attributes = null) {
      const state = { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized }
      const { payloadStatus, payloadId } = await call('engine_forkchoiceUpdatedV3', state, attributes)
      if (payloadStatus.status !== 'VALID' || (attributes && !payloadId))
        throw new Error(`the execution client refuses the head ${head}: ${JSON.stringify(payloadStatus)}`)
      return payloadId
    },
    /** {executionPayload, blobsBundle, executionRequests}; the client adds what its pool has got meanwhile. */
    buildPayload: (payloadId) => call('engine_getPayloadV4', payloadId),
    async importPayload({ executionPayload, executionRequests }, versionedHashes, parentBeaconBlockRoot) {
      const { status, validationError } = await call(
        'engine_newPayloadV4',
        executionPayload,
        versionedHashes,
        parentBeaconBlockRoot,
        executionRequests ?? [],
      )
      if (status !== 'VALID')
        throw new Error(`the execution client calls its payload ${status}: ${validationError}`)
    },
  }
}
