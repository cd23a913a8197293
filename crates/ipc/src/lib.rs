//! The words between interface and core, and their TypeScript.
