//! What tokens are called: `{project}-{purpose}-{environment}`, so that a list of fifty says whose each is and what for.

/// The longest name that Cloudflare takes, in characters (docs: the API's schema of tokens).
const LONGEST: usize = 120;

/// A part of a name that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// A part holds something else than it may, or nothing.
    #[error("`{given}` cannot be the {part} in a token's name")]
    Part {
        /// Which part.
        part: &'static str,
        /// What was given.
        given: String,
    },
    /// The whole is longer than Cloudflare takes.
    #[error("a token's name has at most 120 characters, and this one has {0}")]
    Long(usize),
}

/// The name of a token by its parts, each of which has lower-case letters, digits, and hyphens between them.
pub fn name_of(project: &str, purpose: &str, environment: &str) -> Result<String, BadName> {
    let parts = [("project", project), ("purpose", purpose), ("environment", environment)];
    if let Some((part, given)) = parts.into_iter().find(|(_, given)| !is_part(given)) {
        return Err(BadName::Part { part, given: given.chars().take(LONGEST).collect() });
    }
    let name = format!("{project}-{purpose}-{environment}");
    if name.len() > LONGEST { Err(BadName::Long(name.len())) } else { Ok(name) }
}

/// The name of a token that nobody named, by what it is for.
#[must_use]
pub fn usual_name(purpose: &str) -> String {
    format!("flarekeep-{purpose}")
}

/// Whether a name could be one of [`name_of`]: three parts or more. Which of them is the environment cannot be seen.
#[must_use]
pub fn is_customary(name: &str) -> bool {
    is_part(name) && name.split('-').count() >= 3
}

/// Lower-case letters and digits in one or more words joined by single hyphens.
fn is_part(text: &str) -> bool {
    text.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_parts_in_order() {
        assert_eq!(name_of("myapp", "r2-uploader", "prod").unwrap(), "myapp-r2-uploader-prod");
        assert_eq!(name_of("shop2", "dns", "eu-west-1").unwrap(), "shop2-dns-eu-west-1");
    }

    #[test]
    fn a_part_has_lower_case_letters_digits_and_single_hyphens() {
        for wrong in ["", "-", "a-", "-a", "a--b", "My", "a b", "a_b", "é", "a.b", "a\n", "a\u{202e}"] {
            for (part, made) in [
                ("project", name_of(wrong, "dns", "prod")),
                ("purpose", name_of("shop", wrong, "prod")),
                ("environment", name_of("shop", "dns", wrong)),
            ] {
                assert_eq!(made, Err(BadName::Part { part, given: wrong.to_owned() }));
            }
        }
    }

    #[test]
    fn the_whole_fits_or_is_refused() {
        let purpose = |length| "x".repeat(length);
        assert_eq!(name_of("a", &purpose(116), "b").map(|name| name.len()), Ok(120));
        assert_eq!(name_of("a", &purpose(117), "b"), Err(BadName::Long(121)));
    }

    #[test]
    fn every_name_that_is_made_is_customary_and_those_of_the_guide_are() {
        for name in ["myapp-r2-uploader-prod", "myapp-dns-updater-dev", "cicd-workers-deploy"] {
            assert!(is_customary(name), "{name}");
        }
        for name in ["", "x", "ci", "shop-prod", "GETAIPAGE SaaS Token", "shop-dns-Prod", "shop--prod", "a-b-c-"] {
            assert!(!is_customary(name), "{name}");
        }
        assert!(is_customary(&name_of("a", "b-c", "d").unwrap()));
    }
}
