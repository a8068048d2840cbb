// Package browser drives Debian's Chromium in tests, through ChromeDriver and its
// protocol, WebDriver (https://www.w3.org/TR/webdriver2/).
//
// A [Browser] is a running Chromium with cookies of its own. A [Tab] shows a page.
// Their methods end the test if the browser does not do as asked.
package browser
