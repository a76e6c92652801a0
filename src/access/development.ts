import type { Authorise, Identity } from '../hub/authorise.ts'

/**
 * Development mode: whoever is on this machine may do everything. Only safe together with what the server does in this
 * mode: it binds loopback addresses alone and checks `Host` and `Origin` (PROTOCOL.md, section 7).
 */
export class DevelopmentMode implements Authorise {
  identify(): Identity {
    return { admin: true }
  }

  allows(): boolean {
    return true
  }
}
