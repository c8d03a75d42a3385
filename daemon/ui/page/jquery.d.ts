/** jQuery brings no types of its own; these are of the little that pages of ours use. What it made of a string would be markup, so no string that is not a selector or a list of events is taken. */
declare module "jquery/factory-slim" {
  interface Listening {
    on(events: string, listener: (event: never) => void): Listening;
    on(events: string, selector: string, listener: (event: never) => void): Listening;
    off(events: string): Listening;
  }
  export function jQueryFactory(page: object, noGlobal: boolean): (target: object) => Listening;
}
