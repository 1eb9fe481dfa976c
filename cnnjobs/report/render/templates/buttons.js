// The buttons that the other scripts made work are shown.

for (const button of all("button[hidden]")) button.hidden = false;
