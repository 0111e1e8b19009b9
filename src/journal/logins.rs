//! Logins of the pages: users made by commands, who is logged in, tokens of the error page. Hashes only.

use serde_json::json;

use super::audit::{self, Chain};
use super::rows::Columns;
use super::store::Tx;
use super::{Journal, JournalError, sql};
use crate::clock::{self, Time};

/// A login made by a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Login name.
    pub name: String,
    /// Password as an argon2id hash in PHC form.
    pub password_hash: String,
    /// When it was made, or its password set last.
    pub created: Time,
    /// Who did.
    pub created_by: String,
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Login name.
    pub user: String,
    /// Hash of what the password was checked against.
    pub login_hash: String,
    /// When the person was last seen.
    pub seen: Time,
    /// When it ends whatever happens.
    pub until: Time,
    /// The password hash the store has for the name now; none: the name is not one of the store's.
    pub stored_password: Option<String>,
}

/// A token of the error page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken {
    /// Mandant whose problems it shows; none: all.
    pub mandant: Option<String>,
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// SHA-256 of the configuration's token that no longer counts since.
    pub replaces: Option<String>,
}

impl Journal {
    /// Stores a login, or another password for it; what was logged in by the old one ends.
    pub async fn set_user(&self, name: &str, password_hash: &str, actor: &str) -> Result<(), JournalError> {
        let (name, hash, actor) = (name.to_owned(), password_hash.to_owned(), actor.to_owned());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::SET_USER).bind(&name).bind(hash).bind(tx.now_ms()).bind(&actor);
                    query.execute(&mut tx.conn).await?;
                    sqlx::query(sql::DROP_SESSIONS_OF).bind(&name).execute(&mut tx.conn).await?;
                    let entry = json!({"what": "user_set", "actor": actor, "user": name});
                    audit::append(tx, &Chain::Configuration, &entry).await
                })
            })
            .await
    }

    /// Removes a login and ends its sessions. False: there is none of this name in the store.
    pub async fn remove_user(&self, name: &str, actor: &str) -> Result<bool, JournalError> {
        let (name, actor) = (name.to_owned(), actor.to_owned());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let gone = sqlx::query(sql::REMOVE_USER).bind(&name).execute(&mut tx.conn).await?;
                    sqlx::query(sql::DROP_SESSIONS_OF).bind(&name).execute(&mut tx.conn).await?;
                    if gone.rows_affected() == 0 {
                        return Ok(false);
                    }
                    let entry = json!({"what": "user_removed", "actor": actor, "user": name});
                    audit::append(tx, &Chain::Configuration, &entry).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// The logins of the store, by name.
    pub async fn users(&self) -> Result<Vec<UserRow>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::ALL_USERS).fetch_all(&mut tx.conn).await?;
                    let read = rows.iter().map(|row| {
                        Ok(UserRow {
                            name: row.text("name")?,
                            password_hash: row.text("password_hash")?,
                            created: row.time("created_ms")?,
                            created_by: row.text("created_by")?,
                        })
                    });
                    read.collect()
                })
            })
            .await
    }

    /// The password hash the store has for a name.
    pub async fn stored_password(&self, name: &str) -> Result<Option<String>, JournalError> {
        let name = name.to_owned();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query(sql::STORED_PASSWORD).bind(name).fetch_optional(&mut tx.conn).await?;
                    row.map(|row| row.text("password_hash")).transpose()
                })
            })
            .await
    }

    /// Stores that somebody has logged in; sessions that ended long ago go.
    pub async fn begin_session(
        &self,
        token_hash: &str,
        user: &str,
        login_hash: &str,
        until: Time,
    ) -> Result<(), JournalError> {
        let (token, user, login) = (token_hash.to_owned(), user.to_owned(), login_hash.to_owned());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let now = tx.now_ms();
                    sqlx::query(sql::DROP_OLD_SESSIONS).bind(now).execute(&mut tx.conn).await?;
                    let query = sqlx::query(sql::ADD_SESSION).bind(token).bind(&user).bind(login);
                    query.bind(now).bind(clock::to_millis(until)).execute(&mut tx.conn).await?;
                    let entry = json!({"what": "login", "actor": format!("web:{user}")});
                    audit::append(tx, &Chain::Configuration, &entry).await
                })
            })
            .await
    }

    /// Who is logged in with a token.
    pub async fn session(&self, token_hash: &str) -> Result<Option<SessionRow>, JournalError> {
        let token = token_hash.to_owned();
        self.0.lanes.read(move |tx| Box::pin(load_session(tx, token))).await
    }

    /// Notes that somebody is still there.
    pub async fn session_seen(&self, token_hash: &str) -> Result<(), JournalError> {
        let token = token_hash.to_owned();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::SESSION_SEEN).bind(token).bind(tx.now_ms());
                    query.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends a session.
    pub async fn end_session(&self, token_hash: &str) -> Result<(), JournalError> {
        let token = token_hash.to_owned();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(sql::DROP_SESSION).bind(token).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Stores a new token of the error page; the one before it no longer counts.
    pub async fn set_page_token(&self, token: PageToken, actor: &str) -> Result<(), JournalError> {
        let actor = actor.to_owned();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let scope = token.mandant.unwrap_or_default();
                    let query = sqlx::query(sql::SET_PAGE_TOKEN).bind(&scope).bind(token.token_hash);
                    let query = query.bind(token.replaces).bind(tx.now_ms()).bind(&actor);
                    query.execute(&mut tx.conn).await?;
                    let entry = json!({"what": "error_page_token", "actor": actor, "mandant": scope});
                    audit::append(tx, &Chain::Configuration, &entry).await
                })
            })
            .await
    }

    /// The tokens of the error page.
    pub async fn page_tokens(&self) -> Result<Vec<PageToken>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::ALL_PAGE_TOKENS).fetch_all(&mut tx.conn).await?;
                    let read = rows.iter().map(|row| {
                        let scope = row.text("scope")?;
                        Ok(PageToken {
                            mandant: (!scope.is_empty()).then_some(scope),
                            token_hash: row.text("token_hash")?,
                            replaces: row.text_opt("replaces_hash")?,
                        })
                    });
                    read.collect()
                })
            })
            .await
    }
}

async fn load_session(tx: &mut Tx, token: String) -> Result<Option<SessionRow>, JournalError> {
    let row = sqlx::query(sql::LOAD_SESSION).bind(token).fetch_optional(&mut tx.conn).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(SessionRow {
        user: row.text("user_name")?,
        login_hash: row.text("login_hash")?,
        seen: row.time("seen_ms")?,
        until: row.time("until_ms")?,
        stored_password: row.text_opt("password_hash")?,
    }))
}
