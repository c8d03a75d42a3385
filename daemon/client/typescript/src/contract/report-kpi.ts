// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type Kpi = {
  readonly id: string;
  readonly title: string;
  readonly formula: string;
  /** what the product's plan aims at */
  readonly goal: string | null;
  readonly unit: "changes" | "changes a week" | "percent" | "s" | "us" | "micro_usd" | "releases" | "waivers";
  /** power of ten by which the integer is divided */
  readonly scale: number;
  readonly n: number;
  /** null where it is not measured */
  readonly value: string | null;
  /** why it is not measured; null where it is */
  readonly unmeasured: string | null;
  readonly parts: readonly KpiPart[];
};

export type KpiPart = {
  readonly name: string;
  /** integer as a decimal string */
  readonly value: string;
};

export type PersonFigure = {
  readonly person: string;
  readonly approvals: number;
  readonly overrides: number;
};

/** figures of a window */
export type ReportReply = {
  readonly v: 1;
  readonly window: {
    /** RFC 3339, UTC, whole seconds */
    readonly from: string;
    /** RFC 3339, UTC, whole seconds */
    readonly to: string;
    readonly seconds: number;
  };
  /** null: every repository the reader may see */
  readonly repository: string | null;
  readonly gates: {
    readonly counted: number;
    /** true: the window holds more than a report reads; the newest were counted */
    readonly cut: boolean;
    /** gates of all times on record that no report can count, as their replies are gone; null for a tenant */
    readonly without_summary: number | null;
  };
  readonly kpis: readonly Kpi[];
  readonly rules: readonly RuleFigure[];
  readonly rules_cut: number;
  /** null unless the host's setting report.per_person asks for it */
  readonly people: null | {
    readonly releases: readonly PersonFigure[];
    readonly users: readonly UserFigure[];
  };
};

export type RuleFigure = {
  readonly rule: string;
  readonly refused: number;
  readonly held: number;
  /** changes a rule in observe would have held or refused */
  readonly would: number;
};

export type UserFigure = {
  readonly uid: number;
  readonly changes: number;
  readonly wall_us: number;
  readonly cpu_us: number;
};
