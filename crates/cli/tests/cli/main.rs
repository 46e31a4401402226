//! The program as its users meet it: the built binary, in a fresh folder, against a local Cloudflare in this process.
//!
//! A snapshot shows what was typed, the exit status, standard output and standard error. Ids, ports, times and versions
//! are words in it, and the support refuses every output that holds a credential's value.

mod support;

mod apply;
mod audit;
mod audit_fix;
mod bad_input;
mod check;
mod check_discover;
mod credentials;
mod domain;
mod emulate;
mod emulate_coverage;
mod emulate_explain;
mod emulate_steering;
mod env_care;
mod exec;
mod exec_guard;
mod fix;
mod fix_mends;
mod help;
mod journal;
mod network;
mod permission;
mod permission_for;
mod permission_update;
mod plan;
mod plan_calls;
mod plan_file;
mod plan_terraform;
mod plan_workflow;
mod plan_wrangler;
mod platform;
mod platform_token;
mod policy_check;
mod policy_diff;
mod policy_reach;
mod policy_simulate;
mod r2_keys;
mod recipe;
mod record;
mod record_killed;
mod record_strangers;
mod rotate;
mod rotate_concurrency;
mod scan;
mod scan_hook;
mod scan_repository;
mod scan_verify;
mod seeds_troubles;
mod sinks;
mod sinks_several;
mod site;
mod site_bad_input;
mod site_import;
mod story;
mod tenant;
mod tenant_credentials;
mod token;
mod token_care;
mod token_create;
mod token_update;
mod token_ways;
mod why;
