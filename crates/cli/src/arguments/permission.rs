//! `flarekeep permission`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Permission {
    /// What a call needs: an operation, a URL, a curl command, an SDK's method, a Terraform type
    For(PermissionFor),
}

#[derive(Debug, Args)]
pub(crate) struct PermissionFor {
    /// 'PUT /zones/{zone_id}/dns_records/{id}', dns.records.update, cloudflare_dns_record, s3:PutObject, a URL, a curl
    /// command in quotes, or - for standard input
    #[arg(required = true, value_name = "WHAT")]
    pub(crate) what: Vec<String>,
}
