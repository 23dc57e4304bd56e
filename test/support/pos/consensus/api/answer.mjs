/** How routes answer: JSON or SSZ as the client prefers, and errors as the Beacon API words them. */

export class ApiError extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

export const sendJson = (response, body, { status = 200, version } = {}) => {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(version ? { 'eth-consensus-version': version } : {}),
  })
  response.end(JSON.stringify(body))
}

export const sendSsz = (response, bytes) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'eth-consensus-version': 'fulu' })
  response.end(bytes)
}

/** Whether SSZ is named in the Accept header before JSON, if that is named at all. */
export const prefersSsz = ({ headers }) => {
  const accept = headers.accept ?? ''
  const [ssz, json] = [accept.indexOf('application/octet-stream'), accept.indexOf('application/json')]
  return ssz >= 0 && (json < 0 || ssz < json)
}

/** A whole number from the URL. */
export const readCount = (text, what) => {
  if (!/^\d{1,15}$/.test(text ?? '')) throw new ApiError(400, `${what} is not a number: ${text}`)
  return Number(text)
}
