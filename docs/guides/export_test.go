package guides

// LogInExisting is tested in every order of the store's calls.
var LogInExisting = logInExisting

// SecretSteps are deployed one after the other.
var SecretSteps = secretSteps
