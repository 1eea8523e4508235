export const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** What Node calls files that are being read, written or closed: `FSReqPromise`, `FSReqCallback`, `CloseReq`. */
const FILE_REQUEST = /^FSReq|CloseReq$/i

/** Lets one turn of the event loop pass, and waits for files: they do not wait for a simulated clock. */
export async function turn(): Promise<void> {
  do await nextTurn()
  while (process.getActiveResourcesInfo().some((resource) => FILE_REQUEST.test(resource)))
}
