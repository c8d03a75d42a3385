/**
 * Asked where an action is done or about to be: which event it is, its fields, and after an action the fields before it. Throws
 * `invariant.violated` where a rule about that event does not hold. Whoever guards hands one in; a room that is handed none asks nobody.
 */
export type ActionGuard = (event: string, fields: Readonly<Record<string, unknown>>, old?: Readonly<Record<string, unknown>>) => void;
