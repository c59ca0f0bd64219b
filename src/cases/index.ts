export { Cases, type CaseName, type CasePage, type CaseQuery } from './cases.js';
export type { Case, CaseCounts, CaseEffect, CaseSubject, Cause } from './domain/case.js';
export { CASE_STATES, caseState, type CaseState, type Moment } from './domain/case-state.js';
export { caseView, type CaseView } from './domain/case-view.js';
export type { Enforcement, ProcessProgress, RecordProgress } from './domain/enforcement.js';
