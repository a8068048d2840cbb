// Package release tests the script that prepares the modules of a release, .ci/release.
package release
