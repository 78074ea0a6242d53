import type { ReactNode } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Icon, type IconName } from './Icon.js';

/** A button that asks before it does what cannot be taken back easily. */
export function Confirm({
  label,
  icon,
  title,
  children,
  onConfirm,
}: {
  readonly label: string;
  readonly icon: IconName;
  readonly title: string;
  readonly children: ReactNode;
  readonly onConfirm: () => void;
}) {
  return (
    <DialogTrigger>
      <Button className="button danger">
        <Icon name={icon} />
        {label}
      </Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="dialog">
          <Dialog role="alertdialog">
            {({ close }) => (
              <div className="stack">
                <Heading slot="title">{title}</Heading>
                <div>{children}</div>
                <div className="row" style={{ justifyContent: 'flex-end' }}>
                  <Button className="button" onPress={close}>
                    Leave it as it is
                  </Button>
                  <Button
                    className="button danger"
                    onPress={() => {
                      close();
                      onConfirm();
                    }}
                  >
                    {label}
                  </Button>
                </div>
              </div>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
