// The tests in a browser drive Chromium. npm runs this before them: it installs it where there is none.
import { install, isInstalled } from './system-packages.js';

if (!hasChromium() && !installChromium()) {
  console.error(
    'The tests need Chromium: install it (apt-get install chromium, apk add chromium, or Google Chrome).',
  );
  process.exitCode = 1;
}

// test/browser/chromium.ts starts the first of these.
function hasChromium() {
  return ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].some((each) =>
    isInstalled(each),
  );
}

function installChromium() {
  console.log('There is no Chromium on this machine; getting one for the tests.');
  return install({ apt: 'chromium', apk: 'chromium' }) && hasChromium();
}
