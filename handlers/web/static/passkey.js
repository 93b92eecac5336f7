// Asks the browser for a passkey and sends its answer with the form around it.
// Where the browser knows none the form's other fields do.
for (const part of document.querySelectorAll("[data-passkey]")) {
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) break;
  const [field, button, wrong] = [part.querySelector("input"), part.querySelector("button"), part.querySelector("[role=alert]")];
  part.hidden = false;
  button.addEventListener("click", async () => {
    wrong.hidden = true;
    try {
      const options = JSON.parse(part.dataset.options);
      const credential = part.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      field.value = JSON.stringify(credential.toJSON());
      part.closest("form").submit();
    } catch {
      wrong.hidden = false;
      button.focus();
    }
  });
}
