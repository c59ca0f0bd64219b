export { DeviceAssignments, type AssignmentAsking } from './device-assignments.js';
export { SubjectReports, type ReportedHold, type SubjectReport } from './subject-reports.js';
