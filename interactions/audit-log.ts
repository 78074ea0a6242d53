import type { AuditedAccess } from './audit-event.js';

/** Where requests are recorded. */
export interface AuditLog {
  /** Records a request; it never fails: what cannot be recorded is told to whoever runs the server. */
  record(access: AuditedAccess): Promise<void>;
}
