package archtest

const module = "github.com/meins-id/meins"

// A room is a folder with everything below it, but for what is a room of its own. It may import
// itself and the rooms in its row, directly; nothing else of the project. Tests may import anything.
type room struct {
	path string
	may  []string
}

// Sets of rooms, from the ground up.
var (
	ground   = []string{"internal/id", "internal/fault", "internal/store", "internal/outbox", "vault/seal"}
	pure     = []string{"internal/id", "internal/fault", "vault/seal"} // the ground without the store
	domain   = join(ground, "vault", "consent", "identity")
	services = join(domain, "internal/egress", "consent/release", "consent/receipt", "identity/provider", "signal")
	surface  = []string{"api", "api/reference", "api/rest", "api/web", "api/client", "api/cookie"}
	engines  = []string{"internal/store/bolt", "internal/store/postgres"}
)

// The rooms, lowest first: a room imports only rooms above its line.
var rooms = []room{
	{"internal/id", nil},
	{"internal/fault", nil},
	{"internal/shown", nil},
	{"internal/egress", []string{"internal/fault"}},
	{"internal/store", []string{"internal/id", "internal/fault"}},
	{"internal/outbox", []string{"internal/id", "internal/store"}},
	{"internal/repeat", []string{"internal/fault", "internal/store"}},
	{"internal/store/bolt", []string{"internal/fault", "internal/store"}},
	{"internal/store/postgres", []string{"internal/fault", "internal/store"}},
	{"internal/store/storetest", []string{"internal/fault", "internal/store"}},
	{"vault/seal", []string{"internal/id", "internal/fault"}},

	{"vault", pure},
	{"vault/agent", join(pure, "vault")},

	{"consent", join(ground, "internal/shown", "vault")},
	{"identity", join(ground, "internal/shown", "vault")},
	{"identity/identitytest", join(ground, "identity", "internal/store/bolt")}, // for tests alone

	{"consent/release", join(ground, "vault", "consent")},
	{"consent/receipt", join(ground, "vault", "consent")},
	{"identity/provider", join(domain, "internal/egress", "consent/release")},

	{"signal", join(ground, "internal/egress", "identity")},

	{"api/client", join(pure, "vault", "vault/agent")}, // the agent's transport: it knows no server
	{"api/reference", nil},
	{"api/cookie", []string{"internal/id", "internal/fault"}},
	{"api/rest", join(services, "api/cookie", "internal/repeat")},
	{"api/web/picture", nil},
	{"api/web", join(services, "api/cookie", "api/web/picture")},
	{"api", join(services, surface...)},

	{"internal/demoshop", nil}, // an ordinary relying party: what it used of ours, others could not
	{"internal/app", join(services, join(join(surface, engines...), "internal/repeat", "vault/agent", "internal/demoshop")...)},
	{"internal/apptest", join(services, join(join(surface, engines...), "internal/repeat", "vault/agent", "internal/demoshop", "internal/app")...)},

	{"internal/archtest", nil},
	{"internal/tools", join(services, join(join(surface, engines...), "vault/agent", "internal/app", "internal/apptest")...)},

	{"cmd/agentwasm", join(pure, "vault", "vault/agent", "api/client")},
	{"cmd/meins", []string{"internal/app"}},
}

// A ban keeps an import out of everywhere but the rooms in except.
type ban struct {
	imports string   // this import path and every one below it
	only    bool     // not those below it
	in      []string // only there; everywhere when empty
	except  []string
	tests   bool // in tests too
	why     string
}

var bans = []ban{
	{imports: module + "/internal/store", in: []string{"vault"}, tests: true, why: "the vault is the customer's side and knows no store"},
	{imports: "net/http", in: []string{"vault"}, why: "the vault is pure; its agent speaks to a small interface"},
	{imports: "os", in: []string{"vault"}, why: "the vault is pure; who holds files and sockets hands them in"},

	{imports: "github.com/gorilla/mux", except: []string{"api"}, tests: true, why: "routes are the business of api alone"},
	{imports: "go.etcd.io/bbolt", except: []string{"internal/store/bolt"}, why: "an engine stays behind the store"},
	{imports: "github.com/jackc", except: []string{"internal/store/postgres"}, why: "an engine stays behind the store"},
	{imports: "github.com/zitadel/oidc", except: []string{"identity/provider"}, why: "the protocol library stays behind the provider"},
	{imports: "code.dny.dev/ssrf", except: []string{"internal/egress"}, why: "one room calls addresses that strangers chose"},
	{imports: "github.com/go-chi", tests: true, why: "one router is enough"},
	{imports: "github.com/labstack", tests: true, why: "no framework"},
	{imports: "github.com/gin-gonic", tests: true, why: "no framework"},
	{imports: "github.com/gofiber", tests: true, why: "no framework"},

	{imports: "math/rand", why: "randomness that can be guessed has no place here: crypto/rand"},
	{imports: "log", only: true, why: "one log, structured and redacting: slog"},
}

// A door is a function that only the rooms in open may use. Tests may use any.
type door struct {
	pkg, name string
	open      []string
	why       string
}

// Time comes in as a value; these call the clock. The demo shop is a stranger with a clock of its
// own, and so are the programs of the developers.
var clockHolders = []string{"internal/app", "internal/apptest", "internal/demoshop", "internal/tools", "cmd"}

var doors = []door{
	{module + "/vault", "OpenCapsule", []string{"vault", "consent/release"}, "on the server one place opens a capsule: consent/release"},
	{module + "/vault", "OpenMessage", []string{"vault", "consent/release"}, "on the server one place opens an encrypted response: consent/release"},
	{"time", "Now()", clockHolders, "time is passed in"},
	{"time", "Since()", clockHolders, "time is passed in"},
	{"time", "Until()", clockHolders, "time is passed in"},
}

// Sizes beyond which a thing is two things. Generated files are as long as they are, and a test's
// story may be longer than a function of the program.
const (
	maxFileLines     = 600
	maxFunctionLines = 100
	maxMethods       = 8
)

func join(some []string, more ...string) []string {
	return append(append([]string{}, some...), more...)
}
