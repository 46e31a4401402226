//! `flarekeep token verify`.

use flarekeep_tokens::identify;

use crate::context::{Context, block_on};
use crate::output::{BAD, GOOD, plain, styled};
use crate::place::{self, Wanted};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context) -> CommandResult {
    let identity = block_on(async {
        let subject = context.subject()?;
        let target = place::find(context, &subject, Wanted::default()).await?;
        Ok(identify(&subject, target.account).await?)
    })?;
    context.output.document(&identity);
    let style = if identity.is_active() { GOOD } else { BAD };
    let owner = format!("{:?}", identity.owner).to_lowercase();
    let status = styled(style, plain(&identity.status));
    context.output.line(format!("token {} is {status}; it is owned by the {owner}", identity.id));
    if let Some(end) = &identity.expires_on {
        context.output.line(format!("  until {end}"));
    }
    Ok(Verdict::yes_if(identity.is_active()))
}
