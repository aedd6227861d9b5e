/*
 * sql.h - all SQL of the server: the schema, one migration per version, and
 * the fixed statements by name.
 *
 * This and the expressions in resource.c are the only places that know the
 * dialect.  Times are Unix milliseconds.  A text column that is compared or
 * sorted without regard to case has its folded form beside it (`carrier_key`,
 * never NULL), so that an index can serve it.
 */
#ifndef SERVER_SQL_H
#define SERVER_SQL_H

/* Version n of the schema is what the first n entries make. */
#define STORE_MIGRATIONS(X) \
X("CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;" \
  "CREATE TABLE accounts(customer_id INTEGER PRIMARY KEY, name TEXT NOT NULL);" \
  "CREATE TABLE users(name TEXT PRIMARY KEY, customer_id INTEGER NOT NULL," \
  " role INTEGER NOT NULL, iterations INTEGER NOT NULL, salt BLOB NOT NULL," \
  " hash BLOB NOT NULL) WITHOUT ROWID;" \
  "CREATE TABLE api_keys(key_id TEXT PRIMARY KEY, user_name TEXT NOT NULL," \
  " iterations INTEGER NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL)" \
  " WITHOUT ROWID;" \
  "CREATE TABLE devices(rid INTEGER PRIMARY KEY," \
  " device_id TEXT NOT NULL UNIQUE, customer_id INTEGER NOT NULL," \
  " eid TEXT UNIQUE, sequence INTEGER NOT NULL DEFAULT -1," \
  " reported INTEGER, created INTEGER NOT NULL);" \
  "CREATE INDEX devices_of_customer ON devices(customer_id);" \
  "CREATE TABLE profiles(rid INTEGER PRIMARY KEY," \
  " device_id TEXT NOT NULL, iccid TEXT NOT NULL," \
  " customer_id INTEGER NOT NULL, eid TEXT NOT NULL, number INTEGER," \
  " carrier TEXT, carrier_key TEXT NOT NULL," \
  " normalized_carrier TEXT NOT NULL, status TEXT NOT NULL, type TEXT," \
  " updated INTEGER NOT NULL, UNIQUE(device_id, iccid));" \
  "CREATE INDEX profiles_of_customer ON profiles(customer_id);" \
  "CREATE INDEX profiles_by_iccid ON profiles(iccid);" \
  "CREATE TABLE transactions(rid INTEGER PRIMARY KEY," \
  " id TEXT NOT NULL UNIQUE, customer_id INTEGER NOT NULL," \
  " device_id TEXT NOT NULL, eid TEXT NOT NULL, iccid TEXT," \
  " action TEXT NOT NULL, status TEXT NOT NULL," \
  " message_code TEXT NOT NULL, message TEXT NOT NULL," \
  " created INTEGER NOT NULL, updated INTEGER NOT NULL, order_id TEXT," \
  " code_rid INTEGER, activation_code TEXT, code_hash BLOB," \
  " confirmation_code TEXT, operation INTEGER);" \
  "CREATE INDEX transactions_of_customer ON transactions(customer_id);" \
  "CREATE INDEX transactions_running ON transactions(eid)" \
  " WHERE status = 'in_progress';" \
  "CREATE INDEX transactions_by_code ON transactions(code_hash)" \
  " WHERE code_hash IS NOT NULL;" \
  "CREATE TABLE operations(rid INTEGER PRIMARY KEY," \
  " id TEXT NOT NULL UNIQUE, customer_id INTEGER NOT NULL," \
  " device_id TEXT NOT NULL, eid TEXT NOT NULL, iccid TEXT, carrier TEXT," \
  " normalized_carrier TEXT NOT NULL, operation TEXT NOT NULL," \
  " status TEXT NOT NULL, message_code TEXT NOT NULL," \
  " message TEXT NOT NULL, cause TEXT NOT NULL, cause_id TEXT," \
  " created_by TEXT NOT NULL, source TEXT NOT NULL, download_tx TEXT," \
  " enable_tx TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL," \
  " deadline INTEGER, finished INTEGER);" \
  "CREATE INDEX operations_of_customer ON operations(customer_id);" \
  "CREATE INDEX operations_running ON operations(device_id)" \
  " WHERE finished IS NULL;" \
  "CREATE INDEX operations_starting ON operations(status)" \
  " WHERE status = 'starting';" \
  "CREATE INDEX operations_waiting ON operations(deadline)" \
  " WHERE deadline IS NOT NULL;" \
  "CREATE TABLE codes(rid INTEGER PRIMARY KEY," \
  " customer_id INTEGER NOT NULL, iccid TEXT NOT NULL, carrier TEXT," \
  " carrier_key TEXT NOT NULL, normalized_carrier TEXT NOT NULL," \
  " status TEXT NOT NULL, device_id TEXT, activation_code TEXT NOT NULL," \
  " code_hash BLOB NOT NULL, confirmation_code TEXT," \
  " tries INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL," \
  " updated INTEGER NOT NULL, due INTEGER, UNIQUE(customer_id, iccid));" \
  "CREATE INDEX codes_by_hash ON codes(code_hash);" \
  "CREATE INDEX codes_by_carrier ON codes(customer_id, normalized_carrier);" \
  "CREATE INDEX codes_due ON codes(due) WHERE due IS NOT NULL;") \
X(STORE_VERSION_2) \
X(STORE_VERSION_3) \
X(STORE_VERSION_4)

/*
 * Version 2: lists are paged by (key, place) within an account, and every
 * key that clients sort or ask by has an index of just that form.  `place` is
 * the rid again: SQLite compares (key, place) > (?, ?) within an index, but
 * not with the rid itself in it.  A `..._key` column is the form to compare.
 */
#define STORE_VERSION_2 \
	"DROP INDEX devices_of_customer; DROP INDEX profiles_of_customer;" \
	"DROP INDEX profiles_by_iccid; DROP INDEX transactions_of_customer;" \
	"DROP INDEX operations_of_customer; DROP INDEX codes_by_carrier;" \
	ADD_PLACE("devices") ADD_PLACE("profiles") ADD_PLACE("transactions") \
	ADD_PLACE("operations") ADD_PLACE("codes") \
	ADD_KEY("devices", "eid_key TEXT", "eid, ''") \
	ADD_KEY("devices", "reported_key INTEGER", "reported, 0") \
	ADD_KEY("profiles", "number_key INTEGER", "number, -1") \
	ADD_KEY("transactions", "iccid_key TEXT", "iccid, ''") \
	ADD_KEY("operations", "iccid_key TEXT", "iccid, ''") \
	ADD_KEY("operations", "download_key TEXT", "download_tx, ''") \
	ADD_KEY("operations", "enable_key TEXT", "enable_tx, ''") \
	ADD_KEY("codes", "device_key TEXT", "device_id, ''") \
	"ALTER TABLE profiles ADD COLUMN type_key TEXT NOT NULL DEFAULT '';" \
	"UPDATE profiles SET type_key = fold(type);" \
	"ALTER TABLE operations ADD COLUMN carrier_key TEXT NOT NULL DEFAULT '';" \
	"UPDATE operations SET carrier_key = fold(carrier);" \
	"ALTER TABLE transactions ADD COLUMN placed INTEGER;" \
	"ANALYZE sqlite_schema;" \
	STORE_PAGES(ADD_PAGE) STORE_INDEXES(ADD_INDEX) STORE_SIZES(ADD_SIZE) \
	"ANALYZE sqlite_schema;"	/* the first made the table; this has it read */

/*
 * Version 3: how many transactions there are of each status.  To count a
 * million of them for each look at /metrics takes longer than serving it.
 */
#define STORE_VERSION_3 \
	"CREATE TABLE tx_counts(status TEXT PRIMARY KEY, n INTEGER NOT NULL)" \
	" WITHOUT ROWID;" \
	"INSERT INTO tx_counts VALUES('in_progress', 0), ('complete', 0)," \
	" ('failed', 0), ('unknown', 0);" \
	"UPDATE tx_counts SET n = (SELECT count(*) FROM transactions" \
	" WHERE transactions.status = tx_counts.status);" \
	"CREATE TRIGGER tx_added AFTER INSERT ON transactions BEGIN" \
	" UPDATE tx_counts SET n = n + 1 WHERE status = NEW.status; END;" \
	"CREATE TRIGGER tx_moved AFTER UPDATE OF status ON transactions" \
	" WHEN OLD.status <> NEW.status BEGIN" \
	" UPDATE tx_counts SET n = n - 1 WHERE status = OLD.status;" \
	" UPDATE tx_counts SET n = n + 1 WHERE status = NEW.status; END;" \
	"CREATE TRIGGER tx_removed AFTER DELETE ON transactions BEGIN" \
	" UPDATE tx_counts SET n = n - 1 WHERE status = OLD.status; END;"

/*
 * Version 4: those in progress are counted by their index, which holds no
 * others.  A trigger makes a statement one of several parts, and SQLite keeps
 * a copy of every page that it changes, to take it back: half as much again
 * for a new transaction.
 */
#define STORE_VERSION_4 \
	"DROP TRIGGER tx_added;" \
	"DELETE FROM tx_counts WHERE status = 'in_progress';"

#define ADD_PLACE(table) \
	"ALTER TABLE " table " ADD COLUMN place INTEGER" \
	" GENERATED ALWAYS AS (rid) VIRTUAL;"
#define ADD_KEY(table, column, values) \
	"ALTER TABLE " table " ADD COLUMN " column \
	" GENERATED ALWAYS AS (ifnull(" values ")) VIRTUAL;"
#define ADD_PAGE(table) \
	"CREATE INDEX " table "_page ON " table "(customer_id, place);" \
	ADD_SIZE(table, table "_page", "1000000 1000000 1")
#define ADD_INDEX(table, key, rows) \
	"CREATE INDEX " table "_by_" key " ON " table \
	"(customer_id, " key ", place);" \
	ADD_SIZE(table, table "_by_" key, "1000000 1000000 " rows " 1")
#define ADD_SIZE(table, index, rows) \
	"INSERT INTO sqlite_stat1(tbl, idx, stat)" \
	" VALUES('" table "', '" index "', '" rows "');"

/* In the order in which the rows were made. */
#define STORE_PAGES(X) \
	X("devices") X("profiles") X("transactions") X("operations") X("codes")

/*
 * Table, key, and how many of a million rows share a value: the planner is
 * told once, so that it decides alike in a small store and in a large one,
 * today and tomorrow.  Nothing here runs ANALYZE on the rows.
 */
#define STORE_INDEXES(X) \
	X("devices", "device_id", "1") \
	X("devices", "eid_key", "2") \
	X("devices", "reported_key", "2") \
	X("profiles", "carrier_key", "20000") \
	X("profiles", "normalized_carrier", "20000") \
	X("profiles", "device_id", "3") \
	X("profiles", "eid", "3") \
	X("profiles", "iccid", "1") \
	X("profiles", "number_key", "100000") \
	X("profiles", "status", "400000") \
	X("profiles", "type_key", "300000") \
	X("transactions", "created", "2") \
	X("transactions", "device_id", "10") \
	X("transactions", "id", "1") \
	X("transactions", "eid", "10") \
	X("transactions", "iccid_key", "5") \
	X("transactions", "message_code", "50000") \
	X("transactions", "status", "250000") \
	X("transactions", "updated", "2") \
	X("operations", "carrier_key", "20000") \
	X("operations", "created", "2") \
	X("operations", "device_id", "10") \
	X("operations", "download_key", "3") \
	X("operations", "eid", "10") \
	X("operations", "enable_key", "3") \
	X("operations", "id", "1") \
	X("operations", "iccid_key", "5") \
	X("operations", "message_code", "50000") \
	X("operations", "status", "150000") \
	X("operations", "updated", "2") \
	X("codes", "carrier_key", "20000") \
	X("codes", "created", "2") \
	X("codes", "device_key", "2") \
	X("codes", "iccid", "1") \
	X("codes", "normalized_carrier", "20000") \
	X("codes", "status", "250000") \
	X("codes", "updated", "2")

/* The same of indexes that are there otherwise. */
#define STORE_SIZES(X) \
	"CREATE INDEX codes_pool ON codes(customer_id, normalized_carrier, tries)" \
	" WHERE status = 'available';" \
	X("codes", "codes_pool", "1000000 1000000 20000 10000") \
	X("codes", "sqlite_autoindex_codes_1", "1000000 1000000 1") \
	X("codes", "codes_by_hash", "1000000 1") \
	X("codes", "codes_due", "1000000 2") \
	X("devices", "sqlite_autoindex_devices_1", "1000000 1") \
	X("devices", "sqlite_autoindex_devices_2", "1000000 1") \
	X("profiles", "sqlite_autoindex_profiles_1", "1000000 3 1") \
	X("transactions", "sqlite_autoindex_transactions_1", "1000000 1") \
	X("transactions", "transactions_by_code", "1000000 1") \
	X("operations", "sqlite_autoindex_operations_1", "1000000 1") \
	X("transactions", "transactions_running", "1000 1") \
	X("operations", "operations_running", "1000 1") \
	X("operations", "operations_waiting", "1000 1") \
	X("operations", "operations_starting", "10 10")

/* A condition that few rows meet, as the planner cannot guess. */
#define SQL_FEW(condition) "likelihood(" condition ", 0.001)"

/* When a row is changed: not before it was made, or changed last, whatever the
 * clock says.  A machine's may be set back, and the turn of another worker may
 * have begun a moment earlier. */
#define LATER(now) "max(updated, " now ")"

/* Every table, for emptying a store; but counts go down by themselves. */
#define STORE_TABLES(X) \
	X("meta") X("accounts") X("users") X("api_keys") X("devices") \
	X("profiles") X("transactions") X("operations") X("codes")

#define TRANSACTION_COLUMNS \
	"rid, id, customer_id, device_id, eid, iccid, action, status," \
	" message_code, message, created, updated, order_id, code_rid," \
	" activation_code, confirmation_code, operation, ifnull(placed, created)"
#define OPERATION_COLUMNS \
	"rid, id, customer_id, device_id, eid, iccid, carrier," \
	" normalized_carrier, operation, status, download_tx, enable_tx," \
	" deadline"
#define PROFILE_COLUMNS \
	"rid, device_id, iccid, customer_id, eid, ifnull(number, -1), carrier," \
	" status, type, normalized_carrier"
#define CODE_COLUMNS \
	"rid, iccid, status, activation_code, confirmation_code, device_id"

/* `+rid`: sorted after the few rows were found by their own index. */
#define STORE_SQL(X) \
X(META_GET, "SELECT value FROM meta WHERE name = ?") \
X(META_SET, "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)") \
\
X(ACCOUNT_SET, "INSERT OR REPLACE INTO accounts(customer_id, name) VALUES(?, ?)") \
X(ACCOUNT_GET, "SELECT name FROM accounts WHERE customer_id = ?") \
X(USER_SET, "INSERT OR REPLACE INTO users(name, customer_id, role, iterations," \
  " salt, hash) VALUES(?, ?, ?, ?, ?, ?)") \
X(USER_GET, "SELECT customer_id, role, iterations, salt, hash FROM users" \
  " WHERE name = ?") \
X(KEY_SET, "INSERT OR REPLACE INTO api_keys(key_id, user_name, iterations," \
  " salt, hash) VALUES(?, ?, ?, ?, ?)") \
X(USER_NAMES, "SELECT name FROM users ORDER BY name") \
X(USER_REMOVE, "DELETE FROM users WHERE name = ?") \
X(KEY_IDS, "SELECT key_id FROM api_keys ORDER BY key_id") \
X(KEY_REMOVE, "DELETE FROM api_keys WHERE key_id = ?") \
X(KEYS_OF_NOBODY, "DELETE FROM api_keys WHERE user_name NOT IN (SELECT name" \
  " FROM users)") \
X(KEY_GET, "SELECT u.customer_id, u.role, k.iterations, k.salt, k.hash, u.name" \
  " FROM api_keys k JOIN users u ON u.name = k.user_name WHERE k.key_id = ?") \
\
X(DEVICE_ADD, "INSERT INTO devices(device_id, customer_id, eid, created)" \
  " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(device_id) DO UPDATE SET" \
  " customer_id = excluded.customer_id, eid = ifnull(excluded.eid, eid)") \
X(DEVICE_IDS, "SELECT device_id FROM devices ORDER BY rid") \
X(DEVICE_REMOVE, "DELETE FROM devices WHERE device_id = ?") \
X(DEVICE_GET, "SELECT rid, customer_id, eid, sequence FROM devices" \
  " WHERE device_id = ?") \
X(DEVICE_BY_EID, "SELECT device_id FROM devices WHERE eid = ?") \
X(DEVICE_SET_EID, "UPDATE devices SET eid = ?2 WHERE rid = ?1") \
X(DEVICE_REPORTED, "UPDATE devices SET sequence = ?2, reported = ?3" \
  " WHERE rid = ?1") \
X(PROFILES_MOVE, "UPDATE profiles SET customer_id = ?2 WHERE device_id = ?1" \
  " AND customer_id <> ?2") \
\
X(PROFILES_OF_DEVICE, "SELECT " PROFILE_COLUMNS " FROM profiles" \
  " WHERE device_id = ? ORDER BY rid") \
X(PROFILE_GET, "SELECT " PROFILE_COLUMNS " FROM profiles" \
  " WHERE device_id = ? AND iccid = ?") \
X(PROFILE_ACTIVE, "SELECT status = 'active' FROM profiles" \
  " WHERE device_id = ? AND iccid = ?") \
X(PROFILE_BY_SPN, "SELECT " PROFILE_COLUMNS " FROM profiles" \
  " WHERE device_id = ? AND eid = ? AND normalized_carrier = ?" \
  " ORDER BY status = 'active' DESC, rid LIMIT 1") \
X(PROFILE_ADD, "INSERT INTO profiles(device_id, iccid, customer_id, eid," \
  " number, carrier, carrier_key, normalized_carrier, status, type, type_key," \
  " updated) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, fold(?10), ?11)") \
X(PROFILE_CHANGE, "UPDATE profiles SET eid = ?2, number = ?3, carrier = ?4," \
  " carrier_key = ?5, normalized_carrier = ?6, status = ?7, type = ?8," \
  " type_key = fold(?8), updated = " LATER("?9") " WHERE rid = ?1") \
X(PROFILE_REMOVE, "DELETE FROM profiles WHERE rid = ?") \
\
X(TX_ADD, "INSERT INTO transactions(id, customer_id, device_id, eid, iccid," \
  " action, status, message_code, message, created, updated, code_rid," \
  " activation_code, code_hash, confirmation_code, operation)" \
  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 'in_progress', ?7, ?8, ?9, ?9, ?10, ?11," \
  " ?12, ?13, ?14)") \
X(TX_GET, "SELECT " TRANSACTION_COLUMNS " FROM transactions WHERE id = ?") \
X(TX_RUNNING_RID, "SELECT rid FROM transactions WHERE id = ?" \
  " AND +customer_id = ? AND +status = 'in_progress'") \
X(TX_BY_RID, "SELECT " TRANSACTION_COLUMNS " FROM transactions WHERE rid = ?") \
X(TX_RUNNING, "SELECT rid FROM transactions WHERE status = 'in_progress'" \
  " ORDER BY +rid") \
X(TX_LAST, "SELECT max(rid) FROM transactions") \
X(TX_NEW, "SELECT rid FROM transactions WHERE rid > ?" \
  " AND +status = 'in_progress' ORDER BY rid") \
X(TX_COUNT, "SELECT ifnull((SELECT n FROM tx_counts WHERE status = ?1)," \
  " (SELECT count(*) FROM transactions WHERE status = 'in_progress'" \
  " AND ?1 = 'in_progress'))") \
X(TX_CONFLICT, "SELECT id FROM transactions WHERE status = 'in_progress'" \
  " AND eid = ? AND iccid = ?") \
X(TX_CODE_CONFLICT, "SELECT id FROM transactions WHERE code_hash = ?" \
  " AND customer_id = ?") \
X(TX_PLACED, "UPDATE transactions SET order_id = ?2, placed = ?3," \
  " message_code = ?4, message = ?5, updated = " LATER("?6") " WHERE rid = ?1") \
X(TX_NEWS, "UPDATE transactions SET message_code = ?2, message = ?3," \
  " updated = " LATER("?4") " WHERE rid = ?1") \
X(TX_CHANGE, "UPDATE transactions SET status = ?2, message_code = ?3," \
  " message = ?4, updated = " LATER("?5") ", iccid = ?6 WHERE rid = ?1") \
X(TX_CODE, "SELECT c.activation_code, c.confirmation_code FROM transactions t JOIN codes c" \
  " ON c.code_hash = t.code_hash WHERE t.rid = ? AND c.rid = ?") \
X(TX_FORGET_CODE, "UPDATE transactions SET activation_code = NULL," \
  " confirmation_code = NULL, code_hash = NULL WHERE rid = ?") \
\
X(OP_ADD, "INSERT INTO operations(id, customer_id, device_id, eid, iccid," \
  " carrier, carrier_key, normalized_carrier, operation, status, message_code," \
  " message, cause, cause_id, created_by, source, created, updated) VALUES(?1," \
  " ?2, ?3, ?4, ?5, ?6, fold(?6), ?7, ?8, 'starting', ?9, ?10, ?11, ?12, ?13," \
  " ?14, ?15, ?15)") \
X(OP_GET, "SELECT " OPERATION_COLUMNS " FROM operations WHERE rid = ?") \
X(OP_CONFLICT, "SELECT id FROM operations WHERE finished IS NULL AND" \
  " device_id = ?1 AND eid = ?2 AND ((?3 <> '' AND normalized_carrier = ?3)" \
  " OR iccid = ?4)") \
X(OP_RUNNING, "SELECT rid FROM operations WHERE finished IS NULL ORDER BY +rid") \
X(OP_STARTING, "SELECT rid FROM operations WHERE status = 'starting' ORDER BY rid") \
X(OP_OF_DEVICE, "SELECT rid FROM operations WHERE finished IS NULL AND" \
  " device_id = ? AND status IN ('download_verify', 'enable_verify')" \
  " ORDER BY rid") \
X(OP_DUE, "SELECT rid FROM operations WHERE deadline <= ? ORDER BY deadline, rid") \
X(OP_NEXT_DUE, "SELECT min(deadline) FROM operations WHERE deadline IS NOT NULL") \
X(OP_CHANGE, "UPDATE operations SET status = ?2, message_code = ?3," \
  " message = ?4, iccid = ?5, download_tx = ?6, enable_tx = ?7," \
  " updated = " LATER("?8") ", deadline = ?9, finished = ?10 WHERE rid = ?1") \
\
X(CODE_GET, "SELECT " CODE_COLUMNS " FROM codes WHERE customer_id = ?" \
  " AND iccid = ?") \
X(CODE_BY_HASH, "SELECT " CODE_COLUMNS " FROM codes" \
  " WHERE +customer_id = ? AND code_hash = ?") \
X(CODE_FOR_SPN, "SELECT " CODE_COLUMNS " FROM codes WHERE customer_id = ?" \
  " AND normalized_carrier = ? AND status = 'available'" \
  " ORDER BY tries, rid LIMIT 1") \
X(CODE_ADD, "INSERT INTO codes(customer_id, iccid, carrier, carrier_key," \
  " normalized_carrier, status, activation_code, code_hash," \
  " confirmation_code, created, updated) VALUES(?1, ?2, ?3, ?4, ?5," \
  " 'available', ?6, ?7, ?8, ?9, ?9) ON CONFLICT(customer_id, iccid) DO UPDATE" \
  " SET carrier = excluded.carrier, carrier_key = excluded.carrier_key," \
  " normalized_carrier = excluded.normalized_carrier, status = 'available'," \
  " activation_code = excluded.activation_code, device_id = NULL," \
  " code_hash = excluded.code_hash, tries = 0, due = NULL," \
  " confirmation_code = excluded.confirmation_code," \
  " updated = " LATER("excluded.updated")) \
X(CODE_CHANGE, "UPDATE codes SET status = ?2, device_id = ?3, due = ?4," \
  " tries = tries + ?5, updated = " LATER("?6") \
  " WHERE rid = ?1 AND status <> 'used'") \
X(CODE_SPENT, "UPDATE codes SET status = 'used', device_id = ?3, due = ?4," \
  " updated = " LATER("?5") \
  " WHERE customer_id = ?1 AND iccid = ?2 AND status <> 'used'") \
X(CODE_REMOVE, "DELETE FROM codes WHERE customer_id = ? AND iccid = ?") \
X(CODE_RELEASE_DUE, "UPDATE codes SET status = 'available', device_id = NULL," \
  " due = NULL, updated = " LATER("?1") " WHERE due <= ?1 AND status = 'in_use'") \
X(CODE_REMOVE_DUE, "DELETE FROM codes WHERE due <= ? AND status = 'used'") \
X(CODE_NEXT_DUE, "SELECT min(due) FROM codes WHERE due IS NOT NULL")

enum store_sql {
#define X(name, text) SQL_##name,
	STORE_SQL(X)
#undef X
	SQL_COUNT
};

#endif
