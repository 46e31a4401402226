//! What an audit is told: by the baseline, and by the options over it.

use flarekeep_audit::{Ignore, RULES, Settings, Thresholds, rule};
use flarekeep_catalogue::nearest;
use jiff::Timestamp;

use super::baseline;
use crate::arguments;
use crate::context::Context;
use crate::error::CommandError;
use crate::failure::with_nearest;
use crate::output::plain;

/// Reads them. Nobody is asked.
pub(super) fn read(context: &Context, arguments: &arguments::Audit) -> Result<Settings, CommandError> {
    let arguments::Audit { looked, known, .. } = arguments;
    let mut settings = Settings::new(Timestamp::now());
    baseline::into(context, known, &mut settings)?;
    // What is typed stands over what is written.
    let written = settings.thresholds;
    settings.thresholds = Thresholds {
        expires_soon_days: looked.expiring.map_or(written.expires_soon_days, |days| days.0),
        unused_days: looked.unused.map_or(written.unused_days, |days| days.0),
        never_used_days: looked.never_used.map_or(written.never_used_days, |days| days.0),
        rotated_days: looked.rotated.map_or(written.rotated_days, |days| days.0),
        quota_percent: looked.quota.unwrap_or(written.quota_percent),
        purposes: looked.purposes.unwrap_or(written.purposes),
        ..written
    };
    settings.name_pattern = looked.name_pattern.clone().or(settings.name_pattern);
    for id in looked.rules.iter().chain(&looked.without_rule) {
        known_rule(id)?;
    }
    settings.off.extend(looked.without_rule.iter().cloned());
    if !looked.rules.is_empty() {
        let others = RULES.iter().filter(|rule| !looked.rules.iter().any(|on| on == rule.id));
        settings.off = others.map(|rule| rule.id.to_owned()).collect();
    }
    for ignored in &known.ignore {
        known_rule(&ignored.rule)?;
        let (rule, token, because) = (ignored.rule.clone(), ignored.token.clone(), ignored.because.clone());
        settings.ignore.push(Ignore { rule, token, because });
    }
    Ok(settings)
}

/// Refuses what is no rule.
pub(super) fn known_rule(id: &str) -> Result<&'static flarekeep_audit::Rule, CommandError> {
    rule(id).ok_or_else(|| {
        let error = CommandError::usage(format!("`{}` is no rule", plain(id)));
        let near = nearest(id, RULES.iter().map(|rule| rule.id.to_owned()));
        with_nearest(error, &near).hint("flarekeep audit rules")
    })
}
