package guides

// LogInExisting is tested in every order of the store's calls.
var LogInExisting = logInExisting

// SecretSteps are deployed one after the other.
var SecretSteps = secretSteps

// The snippets of the guides on concepts and on operating.
var (
	Rotating  = rotating
	OrderOnce = orderOnce
	Follow    = follow
	SetRole   = setRole
)

// OneDevice and LogInOnOneDevice are of the guide on log-ins.
var (
	OneDevice        = oneDevice
	LogInOnOneDevice = logInOnOneDevice
)
